//! Vigie (French: the lookout in the crow's nest) is a legal and cybersecurity news watch for local authorities: a
//! crawler pulls notices from public sources, keeps them in SQLite, recognises what it has seen, puts each on its
//! shelf, and sends the digest bulletin to each reader by topic and cadence, once. The same comes out as feeds and
//! pages. This page is the map; the words are in [`model`].
//!
//! # Rows
//!
//! A module imports only from rows above it in this list, never from its own row. `tests/it/architecture.rs` holds
//! that, and that each outside library has one home.
//!
//! | row | modules | what |
//! |---|---|---|
//! | 1 | [`clock`] [`model`] [`text`] | vocabulary; imports nothing of ours |
//! | 2 | [`normalise`] [`token`] | one form per value: addresses, dates, charsets, titles, references, terms; tokens of links |
//! | 3 | [`config`] [`schedule`] [`shaping`] [`alarm`] [`extract`] [`dedup`] [`classify`] [`bulletin`] | decisions, pure |
//! | 4 | [`render`] [`publish`] | presentation, pure |
//! | 5 | [`fetch`] [`sandbox`] [`store`] [`mail`] [`dns`] [`files`] | the outside, one module per system |
//! | 6 | [`work`] | use cases: read, decide, write in one transaction |
//! | 7 | [`web`] | what is served over HTTP |
//! | 8 | [`daemon`] [`demo`] | what runs by itself |
//! | 9 | [`cli`] | one file per command |
//!
//! # Invariants
//!
//! 1. The core (rows 1 to 4) does not reach out: time and randomness are arguments, the same input gives the same bytes.
//! 2. Broken input is data: `extract` returns drafts *and* problems. One bad entry never costs the feed, one bad feed
//!    never costs the run, and every problem shows in the source's health.
//! 3. A notice is never lost and never doubled. Identity: official reference, guid, canonical address, and only then
//!    content; never the title alone.
//! 4. A false merge is worse than a missed one. Every decision keeps its reason.
//! 5. A delivery is never lost: its row exists from the transaction that froze the bulletin, and its Message-ID never
//!    changes. It is doubled only where SMTP cannot tell (RFC 1047), or where we died before the reply was recorded.
//! 6. Cursor, not clock: an edition takes the approved stories that its cadence has not carried yet.
//! 7. Nobody is written to without a recorded consent or legal basis; leaving always works.
//! 8. No tracking.
//! 9. The crawler is a guest, and never reaches a private address that nobody allowed.
//! 10. What is shown stays within the source's licence.
//!
//! # Walks through the code
//!
//! **A notice comes in.** [`work::crawl::crawl`] asks [`store::sources`] what is due. Its three stages run at once: `ask`
//! has [`fetch::Fetcher`] bring pages, each host in its turn and as its robots.txt allows; `read` has [`extract::extract`]
//! make drafts of them with the help of [`normalise`], and finds out beside the writer what is known, what each is to
//! [`dedup`] and where [`classify`] puts it (`work/prepare.rs`); `writer` stores page after page through
//! `work/takein.rs`: notices, stories, reasons, words for the search, validators and health, a page as a whole or not at
//! all. What no identity knows, `work/recognise.rs` compares in the same transaction, in the order in which it came, with
//! what an index in the database finds ([`store::likeness`]): copies join the story of what they repeat, accounts of one
//! event share one, what is doubtful waits for an editor. `work/review.rs` decides whether readers see a story before an editor does, by how much it concerns them;
//! `work/exploited.rs` lets what is known to be exploited weigh. What is then wanted of single documents, `work/details.rs`
//! reads at their own addresses: a page, JSON, or a PDF, which [`sandbox`] reads in a process of its own. [`alarm`] says
//! what is wrong with a source in the light of its past, and [`work::health`] writes to the operator, once.
//!
//! **A bulletin goes out.** [`work::compose::compose`] asks [`schedule`] what is due, takes the stories that wait for
//! the cadence, lets [`bulletin`] put them in words (summary, guide, deadlines) and order, and freezes them with one
//! delivery per reader. What presses does not wait: `work/alert.rs` freezes alerts in every tick, for those who asked.
//! [`work::send::send`] is a pipeline: `feeder` claims deliveries, `ready` has [`render`] and [`mail`] write and sign them
//! (what readers share once), `route` says which way each goes, a `lane` for each operator of mailboxes or for the relay
//! carries them as fast as [`shaping`] allows over the `connections` that all senders share, and `ledger` marks each before its final dot and commits what became of it.
//! Letters about a subscription (`work/letters.rs`) are deliveries too, and go the same way.
//!
//! **Mail is taken, or not.** [`work::exchange`] asks [`dns`] who takes the mail of a domain, and remembers it;
//! [`config::Operators`] knows who that is, how he wants to be written to and what his refusals mean. [`mail::advise`] says
//! in French what a reply means and what to do, [`work::trace`] does so for all that was sent to one address, and
//! [`work::weather`] finds, with [`alarm::judge`], which operators refuse more than they used to.
//! **Something comes back.** [`work::bounce::take_in`] reads a maildir or a mailbox, `vigie bounces` a file or a pipe.
//! [`mail::bounce`] says what a mail is, [`mail::verp`] of which delivery it may speak or who may leave by it,
//! [`store::bounces`] keeps it once. What it is held against the address, `work/strikes.rs` weighs by the rules of
//! [`mail::blames`] and [`mail::ground`], for a refusal at the door and for a report alike; [`store::suppressions`] says whom
//! not to write to.
//!
//! **An editor decides.** [`work::editor`] looks whether what is asked for can be done, and does it in one transaction:
//! [`store::reviews`] keeps who let a story in or kept it out, [`work::regroup`] moves notices between stories and elects
//! who speaks for each, [`store::pairs`] keeps what must not come together. No program undoes any of it.
//!
//! **A page is asked for.** [`web`] answers what is the same for everybody from memory (`web/pages.rs`) until something that it
//! shows has changed, which [`work::publish::announce`] counts; [`work::site`] makes it of the database, [`render`] and
//! [`publish`] write it, and `vigie publish` lays the same down as files. What the forms of `web/accounts` ask for of an address
//! is kept and done by [`work::forms`], which says nothing of it but to it; a reader's own page acts through [`work::account`].
//!
//! **A command runs.** `main` hands over to [`cli::main`]; `cli/load.rs` reads `vigie.toml` and `sources.toml`
//! through [`config`], opens [`work::App`], and the verb's own file calls its use case and says what it did.

// Row 1: vocabulary.
pub mod clock;
pub mod model;
pub mod text;

// Row 2: one form per value.
pub mod normalise;
pub mod token;

// Row 3: decisions.
pub mod alarm;
pub mod bulletin;
pub mod classify;
pub mod config;
pub mod dedup;
pub mod extract;
pub mod schedule;
pub mod shaping;

// Row 4: presentation.
pub mod publish;
pub mod render;

// Row 5: the outside.
pub mod dns;
pub mod fetch;
pub mod files;
pub mod mail;
pub mod sandbox;
pub mod store;

// Row 6: use cases.
pub mod work;

// Row 7: what is served.
pub mod web;

// Row 8: what runs by itself.
pub mod daemon;
pub mod demo;

// Row 9: the command line.
pub mod cli;
