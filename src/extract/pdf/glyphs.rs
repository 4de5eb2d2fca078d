//! Where each piece of text stands on a page.

use pdf_extract::{MediaBox, OutputDev, OutputError, Transform};

/// Text that stands on one base line without a wide gap. Lengths are in points, `y` grows upwards; a page whose text is turned
/// is looked at the way it is read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Run {
    pub text: String,
    pub left: f64,
    pub right: f64,
    pub y: f64,
    pub size: f64,
}

/// Takes what a page says, glyph by glyph, in the order in which the file draws them.
pub(super) struct Collector {
    /// By direction of reading: rightwards, up, leftwards, down.
    runs: [Vec<Run>; 4],
    /// How many octets of text are still taken.
    left: usize,
}

impl Collector {
    pub(super) fn new(left: usize) -> Self {
        Self { runs: Default::default(), left }
    }

    /// What is read in the direction in which most of the page is: what stands along its margin or across it is none of its text.
    pub(super) fn into_runs(self) -> Vec<Run> {
        let length = |runs: &Vec<Run>| runs.iter().map(|run| run.text.len()).sum::<usize>();
        // Of equals, the first.
        self.runs.into_iter().rev().max_by_key(length).unwrap_or_default()
    }
}

/// A gap that is no space between letters, in parts of the size of the text.
pub(super) const SPACE: f64 = 0.17;
/// A gap that is wider than a space, even in a justified line.
const WIDE: f64 = 0.9;

impl OutputDev for Collector {
    fn begin_page(&mut self, _: u32, _: &MediaBox, _: Option<(f64, f64, f64, f64)>) -> Result<(), OutputError> {
        Ok(())
    }
    fn end_page(&mut self) -> Result<(), OutputError> {
        Ok(())
    }
    fn output_character(
        &mut self,
        at: &Transform,
        width: f64,
        _: f64,
        font_size: f64,
        glyph: &str,
    ) -> Result<(), OutputError> {
        let along = (at.m11 * font_size, at.m12 * font_size);
        let size = along.0.hypot(along.1);
        let sound = [size, at.m31, at.m32, width].into_iter().all(f64::is_finite);
        if !sound || size <= 0.0 || glyph.len() > self.left {
            return Ok(());
        }
        let (direction, x, y) = match (along.0 / size, along.1 / size) {
            (right, _) if right > STRAIGHT => (0, at.m31, at.m32),
            (_, up) if up > STRAIGHT => (1, at.m32, -at.m31),
            (right, _) if right < -STRAIGHT => (2, -at.m31, -at.m32),
            (_, up) if up < -STRAIGHT => (3, -at.m32, at.m31),
            _ => return Ok(()),
        };
        self.left -= glyph.len();
        let end = x + width * size;
        let runs = &mut self.runs[direction];
        if let Some(run) = runs.last_mut()
            && (run.y - y).abs() < 0.2 * size
            && x > run.right - 0.5 * size
            && x < run.right + WIDE * size
        {
            if x > run.right + SPACE * size && !run.text.ends_with(' ') {
                run.text.push(' ');
            }
            run.text.push_str(glyph);
            run.right = run.right.max(end);
        } else if !glyph.trim().is_empty() {
            runs.push(Run { text: glyph.to_owned(), left: x, right: end, y, size });
        }
        Ok(())
    }
    fn begin_word(&mut self) -> Result<(), OutputError> {
        Ok(())
    }
    fn end_word(&mut self) -> Result<(), OutputError> {
        Ok(())
    }
    fn end_line(&mut self) -> Result<(), OutputError> {
        Ok(())
    }
}

/// The cosine beyond which text is not slanted.
const STRAIGHT: f64 = 0.98;
