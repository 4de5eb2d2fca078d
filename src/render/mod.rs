//! A bulletin as a mail and as pages. Everything that readers see passes through the templates of `templates/`, which
//! an installation may replace one by one; the words that need counting or agreeing come from `words`.
//!
//! What sources wrote is hostile until shown otherwise: it is escaped, it stays on its line, and only `http:` and
//! `https:` addresses become links.

mod alert;
mod answer;
mod budget;
mod letter;
mod mail;
mod operator;
mod question;
mod quote;
mod sample;
mod site;
mod stencil;
mod templates;
mod trace;
mod view;
mod weather;
mod words;

#[cfg(test)]
mod tests;

pub use answer::{Answer, AnswerFacts, answer_page};
pub use letter::{LetterFacts, letter_mail};
pub use mail::{Mail, Reader, bulletin_mail};
pub use operator::{OperatorLine, OperatorNews, operator_mail};
pub use question::{QuestionFacts, question_mail};
pub use site::{
    Calendar, Frame, HomeFacts, ListFacts, Medium, Missing, NoticeFacts, OwnFacts, OwnStep, PastEdition, PreviewFacts,
    QuestionFields, RevisionFacts, SearchChoice, SearchFacts, SearchHit, SourceFacts, Step, StoryFacts, WishFacts,
    WishFields, Wrong, access_page, bulletin_page, contact_page, edition_path, editions_page, help_page, home_page,
    list_page, missing_page, own_page, search_page, sources_page, story_page, subscribe_page, text_page,
};
pub use stencil::{Stencil, Words};
pub use templates::{RenderError, Templates};
pub use trace::{LineKind, Meaning, TraceLine, TraceView, TracedView, TryView, Whom, trace_lines, trace_text};
pub use weather::{Notice, OperatorStorm, Refusal, notice};
