//! Serves what `publish` wrote: files of one folder, and nothing outside it.

use std::{
    fmt::Write as _,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{
        HeaderName, HeaderValue, Method, Response, StatusCode,
        header::{ALLOW, CACHE_CONTROL, ETAG, LAST_MODIFIED, LOCATION},
    },
};
use jiff::{Timestamp, fmt::rfc2822::DateTimePrinter};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{
    headers::{self, Form, HTML},
    is_current,
    server::serve_router,
};

/// Serves the files under `root` until told to stop. GET and HEAD only; `/` and folders answer with their `index.html`;
/// names that begin with a dot are not served.
///
/// # Errors
/// When `root` cannot be found.
pub async fn serve(listener: TcpListener, root: PathBuf, stop: CancellationToken) -> io::Result<()> {
    let app = router(&root).await?;
    serve_router(listener, app, stop).await;
    Ok(())
}

/// What answers from the files under `root`.
pub(super) async fn router(root: &Path) -> io::Result<Router> {
    let root: Arc<Path> = tokio::fs::canonicalize(root).await?.into();
    Ok(Router::new().fallback(answer).with_state(root))
}

/// What a path leads to.
enum Found {
    File {
        path: PathBuf,
        bytes: Vec<u8>,
        modified: Option<Timestamp>,
    },
    /// A folder named without its final `/`: relative links of its page would lead astray.
    Folder,
    Nothing,
}

async fn answer(State(root): State<Arc<Path>>, request: Request) -> Response<Body> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = page(StatusCode::METHOD_NOT_ALLOWED, "Méthode refusée", "Cette page ne peut qu’être lue.");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let path = request.uri().path();
    match find(&root, path).await {
        Ok(Found::File { path, bytes, modified }) => {
            let etag = etag(&bytes);
            let modified = modified.and_then(|at| DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok());
            let current = is_current(request.headers(), Some(&etag), modified.as_deref());
            let (status, bytes) =
                if current { (StatusCode::NOT_MODIFIED, Vec::new()) } else { (StatusCode::OK, bytes) };
            let mut response = respond(status, content_type(&path), bytes);
            for (name, value) in [(ETAG, Some(etag)), (LAST_MODIFIED, modified)] {
                set(&mut response, name, value.as_deref());
            }
            response
        }
        Ok(Found::Folder) => {
            let mut response = respond(StatusCode::MOVED_PERMANENTLY, HTML, Vec::new());
            set(&mut response, LOCATION, Some(&format!("/{}/", path.trim_matches('/'))));
            response
        }
        Ok(Found::Nothing) => not_found(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => not_found(),
        Err(error) => {
            tracing::warn!(%error, path, "a published file cannot be read");
            not_found()
        }
    }
}

/// Each segment must name something plain, and the file, once every link is followed, must lie under the root.
async fn find(root: &Path, path: &str) -> io::Result<Found> {
    let mut file = root.to_owned();
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        match decode(segment) {
            Some(name) if !name.starts_with('.') && !name.contains(['/', '\\', '\0', ':']) => file.push(name),
            _ => return Ok(Found::Nothing),
        }
    }
    let mut file = tokio::fs::canonicalize(file).await?;
    if file.starts_with(root) && tokio::fs::metadata(&file).await?.is_dir() {
        if !path.ends_with('/') {
            return Ok(Found::Folder);
        }
        file = tokio::fs::canonicalize(file.join("index.html")).await?;
    }
    // Its own name counts too: a link may lead to a hidden file.
    let hidden = file
        .strip_prefix(root)
        .map_or(true, |inner| inner.components().any(|part| part.as_os_str().as_encoded_bytes().starts_with(b".")));
    let metadata = tokio::fs::metadata(&file).await?;
    if hidden || !metadata.is_file() {
        return Ok(Found::Nothing);
    }
    let modified = metadata.modified().ok().and_then(|at| Timestamp::try_from(at).ok());
    Ok(Found::File { bytes: tokio::fs::read(&file).await?, path: file, modified })
}

/// Percent-decoding of one segment; `None` when it is not UTF-8 or not encoded rightly.
fn decode(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        bytes.push(match byte {
            b'%' => u8::try_from(digit(rest.next())? * 16 + digit(rest.next())?).ok()?,
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

fn content_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()).unwrap_or_default() {
        "html" => HTML,
        "rss" => "application/rss+xml",
        "atom" => "application/atom+xml",
        "json" => "application/feed+json",
        "opml" => "text/x-opml",
        "xml" => "application/xml",
        "css" => "text/css; charset=utf-8",
        // So that a browser shows it instead of handing it to a mail program.
        "eml" | "txt" => "text/plain; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        _ => "application/octet-stream",
    }
}

/// From the content, so that a file written anew with the same bytes stays current.
fn etag(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    let mut etag = String::from("\"");
    for byte in hash.iter().take(16) {
        // Writing to a string does not fail.
        let _ = write!(etag, "{byte:02x}");
    }
    etag.push('"');
    etag
}

fn not_found() -> Response<Body> {
    page(StatusCode::NOT_FOUND, "Page introuvable", "Cette adresse ne mène à aucune page de ce site.")
}

/// In the styles of the folder, where it holds any.
fn page(status: StatusCode, title: &str, text: &str) -> Response<Body> {
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"fr\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <link rel=\"stylesheet\" href=\"/style.css\">\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n<p>{text}</p>\n\
         <p><a href=\"/\">Retour à l’accueil</a></p>\n</main>\n</body>\n</html>\n"
    );
    respond(status, HTML, html.into_bytes())
}

fn respond(status: StatusCode, content_type: &'static str, bytes: Vec<u8>) -> Response<Body> {
    let mut response = headers::respond(status, content_type, bytes, Form::None);
    // Kept, but asked about each time: an edition may be corrected.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

fn set(response: &mut Response<Body>, name: HeaderName, value: Option<&str>) {
    if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
        response.headers_mut().insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
        task::JoinHandle,
    };

    struct Site {
        address: std::net::SocketAddr,
        stop: CancellationToken,
        server: JoinHandle<io::Result<()>>,
        _folder: tempfile::TempDir,
    }

    impl Site {
        async fn start() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path().join("public");
            std::fs::create_dir_all(root.join("éditions")).unwrap();
            for (name, text) in [
                ("public/index.html", "<h1>Accueil</h1>"),
                ("public/tout.rss", "<rss/>"),
                ("public/tout.json", "{}"),
                ("public/éditions/index.html", "<h1>Éditions</h1>"),
                ("public/.vigie-published", "secret"),
                ("secret.html", "secret"),
            ] {
                std::fs::write(folder.path().join(name), text).unwrap();
            }
            std::os::unix::fs::symlink("../secret.html", root.join("lien.html")).unwrap();
            std::os::unix::fs::symlink(folder.path(), root.join("dehors")).unwrap();
            std::os::unix::fs::symlink(".vigie-published", root.join("manifeste")).unwrap();
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
            let server = tokio::spawn(serve(listener, root, stop.clone()));
            Self { address, stop, server, _folder: folder }
        }

        /// The whole answer to a request written by hand: clients tidy the paths that matter here.
        async fn ask(&self, method: &str, path: &str, headers: &str) -> String {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            let request = format!("{method} {path} HTTP/1.1\r\nHost: site\r\nConnection: close\r\n{headers}\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer
        }

        async fn get(&self, path: &str) -> String {
            self.ask("GET", path, "").await
        }
    }

    fn header<'a>(answer: &'a str, name: &str) -> &'a str {
        let line = answer.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_once(": ").map_or("", |(_, value)| value)
    }

    #[tokio::test]
    async fn files_come_with_their_types_and_a_strict_policy() {
        let site = Site::start().await;
        for (path, kind, body) in [
            ("/", "text/html; charset=utf-8", "Accueil"),
            ("/index.html?x=1", "text/html; charset=utf-8", "Accueil"),
            ("/tout.rss", "application/rss+xml", "<rss/>"),
            ("/tout.json", "application/feed+json", "{}"),
            ("/%C3%A9ditions/", "text/html; charset=utf-8", "Éditions"),
        ] {
            let answer = site.get(path).await;
            assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
            assert_eq!(header(&answer, "content-type"), kind, "{path}");
            assert!(answer.contains(body), "{path}: {answer}");
            assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
            assert_eq!(header(&answer, "referrer-policy"), "no-referrer");
            assert!(header(&answer, "content-security-policy").starts_with("default-src 'none'"));
        }
        let folder = site.get("/%C3%A9ditions").await;
        assert!(folder.starts_with("HTTP/1.1 301"), "{folder}");
        assert_eq!(header(&folder, "location"), "/%C3%A9ditions/");
        let head = site.ask("HEAD", "/", "").await;
        assert!(head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"), "{head}");
        assert_eq!(header(&head, "content-length"), "16");
    }

    #[tokio::test]
    async fn nothing_outside_the_folder_is_served() {
        let site = Site::start().await;
        for path in [
            "/../secret.html",
            "/%2e%2e/secret.html",
            "/..%2fsecret.html",
            "/%2e%2e%2fsecret.html",
            "/..%5csecret.html",
            "//etc/passwd",
            "/%2fetc%2fpasswd",
            "/éditions/../../secret.html",
            "/lien.html",
            "/dehors/secret.html",
            "/dehors/",
            "/dehors",
            "/.vigie-published",
            "/%2evigie-published",
            "/manifeste",
            "/index.html%00",
            "/%zz",
            "/%",
            "/%ff",
            "/rien.html",
        ] {
            let answer = site.get(path).await;
            let refused = answer.starts_with("HTTP/1.1 404") || answer.starts_with("HTTP/1.1 400");
            assert!(refused && !answer.contains("secret"), "{path}: {answer}");
        }
        assert!(site.get("/rien.html").await.contains("Page introuvable"));
    }

    #[tokio::test]
    async fn a_reader_that_has_the_version_is_told_so() {
        let site = Site::start().await;
        let first = site.get("/tout.rss").await;
        let (etag, date) = (header(&first, "etag"), header(&first, "last-modified"));
        assert!(etag.starts_with('"') && date.ends_with("GMT"), "{first}");
        for condition in [
            format!("If-None-Match: {etag}\r\n"),
            format!("If-None-Match: \"autre\", W/{etag}\r\n"),
            format!("If-Modified-Since: {date}\r\n"),
        ] {
            let answer = site.ask("GET", "/tout.rss", &condition).await;
            assert!(answer.starts_with("HTTP/1.1 304") && !answer.contains("<rss/>"), "{condition}{answer}");
            assert_eq!(header(&answer, "etag"), etag);
        }
        let other = format!("If-None-Match: \"autre\"\r\nIf-Modified-Since: {date}\r\n");
        assert!(site.ask("GET", "/tout.rss", &other).await.starts_with("HTTP/1.1 200"));
    }

    #[tokio::test]
    async fn it_can_only_be_read_and_it_stops_when_told() {
        let site = Site::start().await;
        let answer = site.ask("DELETE", "/index.html", "").await;
        assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
        assert_eq!(header(&answer, "allow"), "GET, HEAD");
        site.stop.cancel();
        tokio::time::timeout(Duration::from_secs(2), site.server).await.unwrap().unwrap().unwrap();
    }
}
