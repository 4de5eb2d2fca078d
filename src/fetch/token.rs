//! Tokens by client credentials (RFC 6749 4.4): asked for once, kept in memory while they last, never shown.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use reqwest::{
    Method,
    header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue},
};
use tokio::time::Instant;
use url::form_urlencoded;

use super::{
    Fetcher,
    body::{self, Beyond},
    error::{FetchError, Phase, SetBy},
    guard::{self, Reach},
    headers,
    pace::{Held, Purpose},
};
use crate::model::OAuth;

/// A token is not used in its last minute: it could end on the way.
const MARGIN: Duration = Duration::from_secs(60);
/// How long one is used that does not say how long it lasts.
const UNSTATED: Duration = Duration::from_secs(300);
/// The longest answer of a token service, in octets.
const CAP: usize = 64 * 1024;

/// The tokens in use. Cheap to clone: the clones share them.
#[derive(Clone, Default)]
pub struct Tokens(Arc<Mutex<BTreeMap<Account, Slot>>>);

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Account {
    token_url: String,
    client_id: String,
    scope: Option<String>,
}

#[derive(Default)]
struct Slot {
    /// Who asks for one, so that nobody else does at the same time.
    asking: Arc<tokio::sync::Mutex<()>>,
    kept: Option<(HeaderValue, Instant)>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens(…)")
    }
}

impl Tokens {
    /// The value of `Authorization`, when there is one that still lasts.
    pub fn kept(&self, oauth: &OAuth) -> Option<HeaderValue> {
        let slots = self.slots();
        let (value, until) = slots.get(&account(oauth))?.kept.as_ref()?;
        (*until > Instant::now()).then(|| value.clone())
    }

    /// Forgets a token that was refused, unless another has taken its place.
    pub fn forget(&self, oauth: &OAuth, refused: &HeaderValue) {
        if let Some(slot) = self.slots().get_mut(&account(oauth))
            && slot.kept.as_ref().is_some_and(|(value, _)| value == refused)
        {
            slot.kept = None;
        }
    }

    fn keep(&self, oauth: &OAuth, value: HeaderValue, lasts: Duration) {
        let until = Instant::now().checked_add(lasts.saturating_sub(MARGIN).min(headers::LONGEST));
        self.slots().entry(account(oauth)).or_default().kept = until.map(|until| (value, until));
    }

    fn asking(&self, oauth: &OAuth) -> Arc<tokio::sync::Mutex<()>> {
        self.slots().entry(account(oauth)).or_default().asking.clone()
    }

    fn slots(&self) -> MutexGuard<'_, BTreeMap<Account, Slot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn account(oauth: &OAuth) -> Account {
    Account {
        token_url: oauth.token_url.as_str().to_owned(),
        client_id: oauth.client_id.clone(),
        scope: oauth.scope.clone(),
    }
}

/// The secret goes in the form (RFC 6749 2.3.1), which is what the services in use here take.
fn form(oauth: &OAuth) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials");
    form.append_pair("client_id", &oauth.client_id).append_pair("client_secret", &oauth.client_secret);
    if let Some(scope) = &oauth.scope {
        form.append_pair("scope", scope);
    }
    form.finish()
}

impl Fetcher {
    /// The value of `Authorization`. To be called without a turn of any host. robots.txt is not asked about the token
    /// service: whoever gave us an account there means us to call it.
    ///
    /// # Errors
    /// [`FetchError::Token`]; [`FetchError::Held`] and [`FetchError::Status`] when the service wants us to come later.
    pub(super) async fn token(&self, oauth: &OAuth, widest: Reach) -> Result<HeaderValue, FetchError> {
        let asking = self.tokens.asking(oauth);
        let _alone = asking.lock().await;
        if let Some(value) = self.tokens.kept(oauth) {
            return Ok(value);
        }
        let host = oauth.token_url.host_str().unwrap_or_default().to_owned();
        let total = self.total;
        let asked = async {
            let reach = guard::check(&oauth.token_url, widest, &self.listed)?;
            if oauth.token_url.scheme() == "http" && widest != Reach::Site {
                let why = "its address is not encrypted, and the secret would be read on the way";
                return Err(FetchError::Token { host: host.clone(), why: format!("gives no token: {why}") });
            }
            let turn = self.pace.turn(&host, Purpose::Errand).await;
            let _turn = turn.map_err(|Held(wait)| FetchError::Held { host: host.clone(), wait })?;
            let late = FetchError::Timeout { host: host.clone(), phase: Phase::Total(SetBy::Crawl), after: total };
            tokio::time::timeout(total, self.ask_token(oauth, &host, reach)).await.unwrap_or(Err(late))
        };
        let (value, lasts) = asked.await.map_err(|error| match error {
            FetchError::Held { .. } | FetchError::Token { .. } | FetchError::Status { .. } => error,
            other => FetchError::Token { host: host.clone(), why: format!("gives no token: {}", other.cause()) },
        })?;
        self.tokens.keep(oauth, value.clone(), lasts);
        Ok(value)
    }

    async fn ask_token(&self, oauth: &OAuth, host: &str, reach: Reach) -> Result<(HeaderValue, Duration), FetchError> {
        let fields = HeaderMap::from_iter([
            (CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded")),
            (ACCEPT, HeaderValue::from_static("application/json")),
        ]);
        let response = self.send(Method::POST, &oauth.token_url, fields, Some(form(oauth)), host, reach).await?;
        let status = response.status().as_u16();
        if matches!(status, 429 | 503) {
            return Err(self.refused(host, &response));
        }
        let limits = body::Limits { cap: CAP, beyond: Beyond::LeftOut, idle: self.idle };
        let body = body::read(response, host, limits).await?;
        let said: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        let fail = |why: String| FetchError::Token { host: host.to_owned(), why: format!("gives no token: {why}") };
        if status != 200 {
            // A code of RFC 6749 5.2, and nothing else of an answer that may hold what was sent.
            let code = said.get("error").and_then(serde_json::Value::as_str).unwrap_or_default();
            let code: String = code.chars().filter(|c| c.is_ascii_lowercase() || *c == '_').take(40).collect();
            let code = if code.is_empty() { code } else { format!(" ({code})") };
            return Err(fail(format!("it answers {status}{code}")));
        }
        let token = said.get("access_token").and_then(serde_json::Value::as_str).filter(|token| !token.is_empty());
        let value = token.and_then(|token| HeaderValue::from_str(&format!("Bearer {token}")).ok());
        let mut value = value.ok_or_else(|| fail("its answer holds no `access_token`".into()))?;
        value.set_sensitive(true);
        let lasts = said.get("expires_in").and_then(|lasts| lasts.as_u64().or_else(|| lasts.as_str()?.parse().ok()));
        Ok((value, lasts.map_or(UNSTATED, Duration::from_secs)))
    }
}
