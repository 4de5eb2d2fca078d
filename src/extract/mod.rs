//! stub
#[derive(Default)]
pub struct Extracted {
    pub drafts: Vec<crate::model::Draft>,
    pub problems: Vec<crate::model::Problem>,
    pub title: Option<String>,
    pub ttl: Option<std::time::Duration>,
}
pub fn extract(_: &crate::model::Page, _: &crate::model::Source) -> Extracted {
    Extracted::default()
}
