//! The words of Vigie as types: values only, no behaviour that reaches outside.
//!
//! A [`Source`] is watched; a fetch of it brings a [`Page`]; the page yields [`Draft`]s and [`Problem`]s; a draft
//! becomes a [`Notice`] or a revision of one; notices that tell of one event share a [`Story`]; a [`Bulletin`] freezes
//! a list of stories; a [`Delivery`] brings it to a [`Subscriber`].

mod address;
mod bulletin;
mod date;
mod delivery;
mod email;
mod id;
mod kind;
mod notice;
mod page;
mod problem;
mod rate;
mod reference;
mod rhythm;
mod robots;
mod section;
mod selection;
mod shelf;
mod site_path;
mod source;
mod story;
mod subscriber;
mod suppression;

pub use address::{Address, BadAddress};
pub use bulletin::{Bulletin, Cadence, Ending, News};
pub use date::{Precision, PublicationDate};
pub use delivery::{Delivery, DeliveryState, Doubt, Letter, Matter, SmtpReply, Urgency};
pub use email::{EmailAddress, InvalidEmail, mask_addresses};
pub use id::{
    AlarmId, BulletinId, DeliveryId, FetchId, NoticeId, ReportId, RequestId, SourceId, StoryId, SubscriberId,
};
pub use kind::{Archive, ArchiveFormat, Details, Dialect, Expression, Field, Kind, Mapping, Markup, Part, Pattern};
pub use notice::{Draft, Notice, Placed};
pub use page::{Page, Validators};
pub use problem::{Problem, ProblemKind};
pub use rate::Rate;
pub use reference::{Issuer, Reference};
pub use rhythm::Rhythm;
pub use robots::RobotsFile;
pub use section::{Section, SectionId, Sections};
pub use selection::{FeedFormat, Selection};
pub use shelf::{Nature, Severity};
pub use site_path::{ApiPath, SitePath, SiteText};
pub use source::{Asking, Authority, Brings, Licence, OAuth, Source};
pub use story::{Edited, Hand, Review, Story};
pub use subscriber::{AlertWish, Consent, Preferences, Subscriber, SubscriberState};
pub use suppression::{Fault, Ground, Strike};
