//! Forms: to subscribe, to change what one chose, to ask why nothing comes. They work without JavaScript and without a cookie.
//!
//! Of an address that somebody types nothing is ever said: the answer is the same for all, and what it asks for is done behind
//! it. Programs are kept out by a field that people do not see, by a stamp that says when the form was shown, and by how many
//! come from one network; proof of work would need a script.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    Extension, Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue, Response, StatusCode, Uri,
        header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    routing::get,
};

use super::{
    headers::{Form, HTML, respond},
    links::{is_foreign, page as answer_page, private, token},
    server::Peer,
};
use crate::{
    model::{Cadence, EmailAddress, Letter, Subscriber},
    render::{self, Answer, OwnStep, Step, WishFacts, WishFields, Wrong},
    work::{
        App,
        account::{self, Holder},
        letters, subscribe,
    },
};

/// Octets of a form: ours, with every box ticked, have two thousand.
const BODY: usize = 16 << 10;
/// Forms from one network in an hour.
const FORMS: u32 = 20;
const WINDOW: Duration = Duration::from_secs(3_600);
/// Networks that are remembered.
const NETWORKS: usize = 10_000;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/abonnement", get(show_subscribe).post(send_subscribe))
        .route("/preferences", get(show_access).post(send_access))
        .route("/preferences/{token}", get(show_own).post(send_own))
        .route("/aide", get(show_help).post(send_help))
        .layer(Extension(Arc::new(Counts::default())))
}

/// How many forms each network sent of late.
#[derive(Default)]
struct Counts(Mutex<HashMap<IpAddr, (Instant, u32)>>);

impl Counts {
    /// Counts one more; `false`: there were too many.
    fn admit(&self, from: IpAddr) -> bool {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= NETWORKS {
            counts.retain(|_, (since, _)| since.elapsed() < WINDOW);
            // One of many networks makes room: whoever has that many is not held up by this, and all others would be.
            if counts.len() >= NETWORKS
                && let Some(oldest) = counts.iter().min_by_key(|(_, (since, _))| *since).map(|(from, _)| *from)
            {
                counts.remove(&oldest);
            }
        }
        let (since, count) = counts.entry(network(from)).or_insert((Instant::now(), 0));
        if since.elapsed() >= WINDOW {
            (*since, *count) = (Instant::now(), 0);
        }
        *count += 1;
        *count <= FORMS
    }
}

/// A /24, or a /56: what one household or office has.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(four) => {
            let [a, b, c, _] = four.octets();
            IpAddr::from([a, b, c, 0])
        }
        IpAddr::V6(six) => {
            let mut octets = six.octets();
            octets.iter_mut().skip(7).for_each(|octet| *octet = 0);
            IpAddr::from(octets)
        }
    }
}

/// Who asks: the other end of the connection, or whom a proxy of ours names (the last of those that are not ours).
fn asker(app: &App, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let is_ours = |address: IpAddr| {
        app.config.serve.trusted_proxies.iter().any(|network| network.contains(address.to_canonical()))
    };
    if !is_ours(peer) {
        return peer;
    }
    let named = headers.get_all("x-forwarded-for").iter().map(|value| value.to_str().unwrap_or_default());
    let chain: Vec<&str> = named.flat_map(|value| value.split(',')).map(str::trim).collect();
    let mut nearest = peer;
    for name in chain.into_iter().rev() {
        let port = || name.parse::<SocketAddr>().map(|named| named.ip());
        // Whatever stands before what cannot be read, anybody may have written.
        let Ok(address) = name.parse().or_else(|_| port()) else { break };
        nearest = address;
        if !is_ours(address) {
            break;
        }
    }
    nearest
}

/// The fields of a form, each with its values in order.
struct Fields(Vec<(String, String)>);

impl Fields {
    fn read(text: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(text).map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    fn one(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.trim())
    }

    fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value.trim().to_owned()).collect()
    }

    fn wish(&self) -> WishFields {
        WishFields {
            email: self.one("adresse").to_owned(),
            cadence: self.one("rythme").to_owned(),
            sections: self.all("rubrique"),
            natures: self.all("nature"),
            severity: self.one("gravite").to_owned(),
            alerts_from: self.one("alerte").to_owned(),
            alert_words: self.one("mots").to_owned(),
        }
    }
}

/// A form as it came, or the answer to one that is not taken.
async fn take(app: &App, request: Request) -> Result<(Fields, HeaderMap), Response<Body>> {
    let (head, body) = request.into_parts();
    if is_foreign(app, &head.headers) {
        return Err(answer_page(app, Answer::Foreign));
    }
    let body = to_bytes(body, BODY).await.map_err(|_| answer_page(app, Answer::TooLarge))?;
    Ok((Fields::read(&body), head.headers))
}

type Site = State<Arc<App>>;

/// What a form is shown with.
struct Desk<'a> {
    app: &'a App,
    cadences: Vec<Cadence>,
}

impl<'a> Desk<'a> {
    fn new(app: &'a App) -> Self {
        let cadences = Cadence::ALL.into_iter().filter(|cadence| app.config.cadences.contains_key(cadence));
        Self { app, cadences: cadences.collect() }
    }

    fn facts<'f>(&'f self, fields: &'f WishFields, wrong: &'f [Wrong], stamp: &'f str) -> WishFacts<'f> {
        WishFacts { fields, wrong, sections: self.app.rules.sections(), cadences: &self.cadences, stamp, preview: None }
    }

    /// The cadence that is ticked where nobody ticked one.
    fn with_cadence(&self, mut fields: WishFields) -> WishFields {
        if !self.cadences.iter().any(|cadence| cadence.as_str() == fields.cadence) {
            fields.cadence = self.cadences.first().map_or("", |cadence| cadence.as_str()).to_owned();
        }
        fields
    }

    /// What the fields ask for, or what is wrong with them, field by field.
    fn request(&self, fields: &WishFields) -> (subscribe::Request, Vec<Wrong>) {
        let mut wrong: Vec<Wrong> = Vec::new();
        let known = |id: &String| self.app.rules.sections().named(id).is_some();
        let request = subscribe::Request {
            email: fields.email.clone(),
            cadence: fields.cadence.clone(),
            sections: fields.sections.iter().filter(|id| known(id)).cloned().collect::<Vec<_>>().join(" "),
            natures: fields
                .natures
                .iter()
                .filter(|nature| crate::model::Nature::parse(nature).is_some())
                .cloned()
                .collect::<Vec<_>>()
                .join(" "),
            severity: crate::model::Severity::parse(&fields.severity).map_or("", |one| one.as_str()).to_owned(),
            alerts_from: crate::model::Severity::parse(&fields.alerts_from).map_or("", |one| one.as_str()).to_owned(),
            alert_words: fields.alert_words.clone(),
            consent_how: String::from("formulaire du site"),
            ..subscribe::Request::default()
        };
        if EmailAddress::parse(&fields.email).is_err() {
            let text = match fields.email.is_empty() {
                true => "Donnez une adresse électronique.",
                false => "Cette adresse n’est pas complète : elle doit ressembler à prenom.nom@mairie.fr.",
            };
            wrong.push(("adresse", crate::text::french(text)));
        }
        if !self.cadences.iter().any(|cadence| cadence.as_str() == fields.cadence) {
            wrong.push(("rythme", String::from("Choisissez quand recevoir le bulletin.")));
        }
        let asks_no_alert = request.alerts_from.is_empty() && request.alert_words.trim().is_empty();
        if fields.cadence == Cadence::Alert.as_str() && asks_no_alert {
            wrong.push(("alerte", String::from("Dites de quoi être alerté : une gravité, ou des mots.")));
        }
        if wrong.is_empty() && account::wish(self.app, &request).is_err() {
            // Of all that is left, only the words can be wrong.
            let text =
                "Donnez au plus vingt mots, de soixante lettres au plus, qui ne soient pas dans tous les textes.";
            wrong.push(("mots", String::from(text)));
        }
        (request, wrong)
    }
}

fn html(app: &App, status: StatusCode, made: Result<String, impl std::fmt::Display>) -> Response<Body> {
    match made {
        Ok(html) => private(respond(status, HTML, html.into_bytes(), Form::Ours)),
        Err(error) => {
            tracing::error!("a page cannot be written: {error}");
            answer_page(app, Answer::Failed)
        }
    }
}

fn failed(app: &App, error: &anyhow::Error) -> Response<Body> {
    tracing::error!("a form could not be answered: {}", crate::model::mask_addresses(&format!("{error:#}")));
    answer_page(app, Answer::Failed)
}

const fn status(step: Step, wrong: &[Wrong]) -> StatusCode {
    match step {
        Step::TooMany => StatusCode::TOO_MANY_REQUESTS,
        Step::Closed => StatusCode::SERVICE_UNAVAILABLE,
        Step::Ask if !wrong.is_empty() => StatusCode::UNPROCESSABLE_ENTITY,
        Step::Ask | Step::Done => StatusCode::OK,
    }
}

async fn show_subscribe(State(app): Site, request: Request) -> Response<Body> {
    let fields = Fields::read(request.uri().query().unwrap_or_default().as_bytes()).wish();
    // What a link fills in is what is wanted; an address is never in a link.
    let fields = WishFields { email: String::new(), ..fields };
    subscribe_page(&app, fields, &[], Step::Ask, None)
}

fn subscribe_page(
    app: &App,
    fields: WishFields,
    wrong: &[Wrong],
    step: Step,
    preview: Option<(&[crate::bulletin::Item], usize)>,
) -> Response<Body> {
    let step = if is_open(app, Letter::Confirmation) { step } else { Step::Closed };
    let stamp = match account::stamp(app) {
        Ok(stamp) => stamp,
        Err(error) => return failed(app, &error),
    };
    let desk = Desk::new(app);
    let fields = desk.with_cadence(fields);
    let facts = WishFacts { preview, ..desk.facts(&fields, wrong, &stamp) };
    html(app, status(step, wrong), render::subscribe_page(&app.templates, &app.config.site, &facts, step))
}

async fn send_subscribe(
    State(app): Site,
    Extension(counts): Extension<Arc<Counts>>,
    Extension(Peer(peer)): Extension<Peer>,
    request: Request,
) -> Response<Body> {
    let (form, headers) = match take(&app, request).await {
        Ok(taken) => taken,
        Err(refused) => return refused,
    };
    let fields = form.wish();
    let desk = Desk::new(&app);
    if form.one("faire") == "apercu" {
        // An address is not needed to look.
        let (request, _) = desk.request(&WishFields { email: String::from("a@example.fr"), ..fields.clone() });
        let shown = match account::wish(&app, &request) {
            Ok((preferences, _)) => account::preview(&app, &preferences),
            Err(_) => Ok((Vec::new(), 0)),
        };
        return match shown {
            Ok((items, count)) => subscribe_page(&app, fields, &[], Step::Ask, Some((&items, count))),
            Err(error) => failed(&app, &error),
        };
    }
    let (request, wrong) = desk.request(&fields);
    if !wrong.is_empty() {
        return subscribe_page(&app, fields, &wrong, Step::Ask, None);
    }
    match gate(&app, &counts, peer, &headers, &form) {
        Gate::Open => {}
        Gate::Late(wrong) => return subscribe_page(&app, fields, &[wrong], Step::Ask, None),
        Gate::TooMany => return subscribe_page(&app, fields, &[], Step::TooMany, None),
        Gate::Robot => return subscribe_page(&app, WishFields::default(), &[], Step::Done, None),
    }
    if is_open(&app, Letter::Confirmation) {
        behind({
            let app = Arc::clone(&app);
            move || account::subscribe(&app, &request)
        });
    }
    subscribe_page(&app, WishFields::default(), &[], Step::Done, None)
}

/// Whether a letter of this kind can be written, and its link be answered.
fn is_open(app: &App, letter: Letter) -> bool {
    app.config.mail.from.is_some() && (letter == Letter::Trace || app.config.answered_at().is_some())
}

/// Whether a form goes on.
enum Gate {
    Open,
    /// It is shown again.
    Late(Wrong),
    TooMany,
    /// It believes that all went well.
    Robot,
}

fn gate(app: &App, counts: &Counts, peer: IpAddr, headers: &HeaderMap, form: &Fields) -> Gate {
    if !form.one("site_web").is_empty() {
        return Gate::Robot;
    }
    if !counts.admit(asker(app, peer, headers)) {
        return Gate::TooMany;
    }
    match account::is_in_time(app, form.one("sceau")) {
        Ok(true) => Gate::Open,
        _ => Gate::Late((
            "adresse",
            String::from(
                "Cette page était ouverte depuis trop longtemps, ou fut envoyée trop vite. Vérifiez, et envoyez de nouveau.",
            ),
        )),
    }
}

/// Does something when the answer is given: how long it takes tells nobody anything.
fn behind(work: impl FnOnce() + Send + 'static) {
    drop(tokio::task::spawn_blocking(work));
}

async fn show_access(State(app): Site) -> Response<Body> {
    asking(&app, Letter::Access, &WishFields::default(), &[], Step::Ask)
}

async fn show_help(State(app): Site) -> Response<Body> {
    asking(&app, Letter::Trace, &WishFields::default(), &[], Step::Ask)
}

async fn send_access(
    State(app): Site,
    Extension(counts): Extension<Arc<Counts>>,
    Extension(Peer(peer)): Extension<Peer>,
    request: Request,
) -> Response<Body> {
    ask(&app, Letter::Access, &counts, peer, request).await
}

async fn send_help(
    State(app): Site,
    Extension(counts): Extension<Arc<Counts>>,
    Extension(Peer(peer)): Extension<Peer>,
    request: Request,
) -> Response<Body> {
    ask(&app, Letter::Trace, &counts, peer, request).await
}

/// A form that asks for a letter to an address.
fn asking(app: &App, letter: Letter, fields: &WishFields, wrong: &[Wrong], step: Step) -> Response<Body> {
    let step = if is_open(app, letter) { step } else { Step::Closed };
    let stamp = match account::stamp(app) {
        Ok(stamp) => stamp,
        Err(error) => return failed(app, &error),
    };
    let desk = Desk::new(app);
    let facts = desk.facts(fields, wrong, &stamp);
    let (templates, site) = (&app.templates, &app.config.site);
    let sender = app.config.mail.from.as_ref().map(|from| &from.address);
    let contact = sender.map(|from| letters::contact(app, from));
    let made = match letter {
        Letter::Trace => render::help_page(templates, site, &facts, step, contact, sender),
        _ => render::access_page(templates, site, &facts, step),
    };
    html(app, status(step, wrong), made)
}

async fn ask(app: &Arc<App>, letter: Letter, counts: &Counts, peer: IpAddr, request: Request) -> Response<Body> {
    let (form, headers) = match take(app, request).await {
        Ok(taken) => taken,
        Err(refused) => return refused,
    };
    let fields = form.wish();
    let address = match EmailAddress::parse(&fields.email) {
        Ok(address) => address,
        Err(_) => {
            let (_, mut wrong) = Desk::new(app).request(&fields);
            wrong.retain(|(field, _)| *field == "adresse");
            return asking(app, letter, &fields, &wrong, Step::Ask);
        }
    };
    match gate(app, counts, peer, &headers, &form) {
        Gate::Open => {}
        Gate::Late(wrong) => return asking(app, letter, &fields, &[wrong], Step::Ask),
        Gate::TooMany => return asking(app, letter, &fields, &[], Step::TooMany),
        Gate::Robot => return asking(app, letter, &WishFields::default(), &[], Step::Done),
    }
    if is_open(app, letter) {
        behind({
            let app = Arc::clone(app);
            move || account::send(&app, letter, &address)
        });
    }
    asking(app, letter, &WishFields::default(), &[], Step::Done)
}

async fn show_own(State(app): Site, uri: Uri) -> Response<Body> {
    match account::holder(&app, token(&uri)) {
        Ok(Holder::Reader(reader)) => own_page(&app, Some(&reader), fields_of(&reader), &[], OwnStep::Shown, None),
        Ok(Holder::Left) => nobody(&app, OwnStep::Left, StatusCode::OK),
        Ok(Holder::Unknown) => nobody(&app, OwnStep::Unknown, StatusCode::NOT_FOUND),
        Ok(Holder::Forged) => nobody(&app, OwnStep::Forged, StatusCode::BAD_REQUEST),
        Err(error) => failed(&app, &error),
    }
}

fn nobody(app: &App, step: OwnStep, status: StatusCode) -> Response<Body> {
    let mut response = own_page(app, None, WishFields::default(), &[], step, None);
    *response.status_mut() = status;
    response
}

fn fields_of(reader: &Subscriber) -> WishFields {
    let preferences = &reader.preferences;
    WishFields {
        email: reader.address.to_string(),
        cadence: preferences.cadence.as_str().to_owned(),
        sections: preferences.sections.iter().map(ToString::to_string).collect(),
        natures: preferences.natures.iter().map(|nature| nature.as_str().to_owned()).collect(),
        severity: preferences.least_severity.as_str().to_owned(),
        alerts_from: preferences.alerts.from.map_or("", |one| one.as_str()).to_owned(),
        alert_words: preferences.alerts.words.join(", "),
    }
}

fn own_page(
    app: &App,
    reader: Option<&Subscriber>,
    fields: WishFields,
    wrong: &[Wrong],
    step: OwnStep,
    preview: Option<(&[crate::bulletin::Item], usize)>,
) -> Response<Body> {
    let paused = match reader.map(|reader| account::paused_until(app, reader)).transpose() {
        Ok(paused) => paused.flatten(),
        Err(error) => return failed(app, &error),
    };
    let desk = Desk::new(app);
    let facts = WishFacts { preview, ..desk.facts(&fields, wrong, "") };
    let today = app.config.site.zone.to_datetime(app.clock.now()).date();
    let address = reader.map(|reader| &reader.address);
    let made = render::own_page(&app.templates, &app.config.site, &facts, step, address, paused, today);
    html(app, status(Step::Ask, wrong), made)
}

async fn send_own(State(app): Site, uri: Uri, request: Request) -> Response<Body> {
    let (form, _) = match take(&app, request).await {
        Ok(taken) => taken,
        Err(refused) => return refused,
    };
    let reader = match account::holder(&app, token(&uri)) {
        Ok(Holder::Reader(reader)) => *reader,
        Ok(Holder::Left) => return nobody(&app, OwnStep::Left, StatusCode::OK),
        Ok(Holder::Unknown) => return nobody(&app, OwnStep::Unknown, StatusCode::NOT_FOUND),
        Ok(Holder::Forged) => return nobody(&app, OwnStep::Forged, StatusCode::BAD_REQUEST),
        Err(error) => return failed(&app, &error),
    };
    let done = act(&app, &reader, &form);
    done.unwrap_or_else(|error| failed(&app, &error))
}

/// What a reader asks for on his own page.
fn act(app: &App, reader: &Subscriber, form: &Fields) -> anyhow::Result<Response<Body>> {
    let chosen = WishFields { email: reader.address.to_string(), ..form.wish() };
    let shown = |step| own_page(app, Some(reader), fields_of(reader), &[], step, None);
    Ok(match form.one("faire") {
        "changer" | "apercu" => {
            let (request, wrong) = Desk::new(app).request(&chosen);
            if !wrong.is_empty() {
                return Ok(own_page(app, Some(reader), chosen, &wrong, OwnStep::Shown, None));
            }
            if form.one("faire") == "apercu" {
                let (preferences, _) = account::wish(app, &request).map_err(anyhow::Error::msg)?;
                let (items, count) = account::preview(app, &preferences)?;
                return Ok(own_page(app, Some(reader), chosen, &[], OwnStep::Shown, Some((&items, count))));
            }
            if !account::change(app, reader, &request)? {
                return Ok(answer_page(app, Answer::Closed));
            }
            own_page(app, Some(reader), chosen, &[], OwnStep::Changed, None)
        }
        "suspendre" => {
            let until = form.one("jusque").parse().ok();
            if until.map(|until| account::pause(app, reader, until)).transpose()? == Some(true) {
                shown(OwnStep::Paused)
            } else {
                let wrong = [("jusque", String::from("Donnez le jour, à venir, jusqu’auquel suspendre."))];
                own_page(app, Some(reader), fields_of(reader), &wrong, OwnStep::Shown, None)
            }
        }
        "reprendre" => {
            account::resume(app, reader)?;
            shown(OwnStep::Resumed)
        }
        "donnees" => {
            let bytes = serde_json::to_vec_pretty(&account::export(app, reader)?)?;
            let mut response = private(respond(StatusCode::OK, HTML, bytes, Form::None));
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"mes-donnees.json\""));
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        "quitter" => {
            subscribe::remove(app, &reader.address)?;
            own_page(app, Some(reader), WishFields::default(), &[], OwnStep::Left, None)
        }
        "effacer-demande" => shown(OwnStep::EraseAsk),
        "effacer" => {
            subscribe::erase(app, &reader.address)?;
            own_page(app, None, WishFields::default(), &[], OwnStep::Erased, None)
        }
        _ => shown(OwnStep::Shown),
    })
}
