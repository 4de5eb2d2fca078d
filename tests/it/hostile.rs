//! Servers that mean harm, or are broken as if they did.

use std::{
    io::Write,
    net::SocketAddr,
    time::{Duration, Instant},
};

use tokio::{io::AsyncWriteExt, net::TcpListener};
use url::Url;
use vigie::{
    config::Crawl,
    fetch::{Answer as Got, FetchError, Fetcher, Phase, Private, Request, SetBy},
    model::Validators,
    web::replay::{Answer, Replay},
};

use crate::fetch::{asks_for_a_page, raw, settings};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n";

/// A server that sends `head`, and then `piece` again and again.
async fn endless(head: String, piece: Vec<u8>, pause: Duration) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            if !asks_for_a_page(&mut stream).await {
                continue;
            }
            let mut going = stream.write_all(head.as_bytes()).await;
            while going.is_ok() {
                going = stream.write_all(&piece).await;
                tokio::time::sleep(pause).await;
            }
        }
    });
    address
}

/// Zeros, compressed (RFC 1952): a block of one mebibyte again and again, which is made once.
pub fn bomb(mebibytes: usize) -> Vec<u8> {
    let mut compress = flate2::Compress::new(flate2::Compression::best(), false);
    let mut block = Vec::with_capacity(1 << 16);
    compress.compress_vec(&vec![0; 1 << 20], &mut block, flate2::FlushCompress::Full).unwrap();
    assert_eq!(compress.total_in(), 1 << 20);
    let header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    // An empty last block; the checksum that follows is not reached.
    [&header[..], &block.repeat(mebibytes), &[3, 0], &[0; 8]].concat()
}

async fn get(settings: &Crawl, url: &str) -> Result<Got, FetchError> {
    let url = Url::parse(url).unwrap();
    let fetcher = Fetcher::new(settings, []).unwrap();
    fetcher.get(&Request::page(&url, &Validators::default(), Private::Allowed)).await
}

#[tokio::test]
async fn an_answer_without_end_ends() {
    let limits =
        Crawl { idle_timeout: Duration::from_millis(400), total_timeout: Duration::from_millis(600), ..settings() };
    let (now, slowly) = (Duration::ZERO, Duration::from_millis(40));
    let chunked = format!("{OK}Transfer-Encoding: chunked\r\n\r\n");
    let chunk = [b"1000\r\n".as_slice(), &[b'x'; 0x1000], b"\r\n"].concat();
    let too_large = |error: &FetchError| matches!(error, FetchError::TooLarge { set_by: SetBy::Crawl, .. });
    let too_long = |error: &FetchError| matches!(error, FetchError::Timeout { phase: Phase::Total(SetBy::Crawl), .. });
    let nonsense = |error: &FetchError| matches!(error, FetchError::Decode { .. });
    type Expected<'a> = &'a dyn Fn(&FetchError) -> bool;
    let cases: [(&str, SocketAddr, Expected<'_>); 6] = [
        ("a body in chunks", endless(chunked.clone(), chunk, now).await, &too_large),
        ("a body of unknown length", endless(format!("{OK}\r\n"), vec![b'x'; 4096], now).await, &too_large),
        ("an octet at a time", endless(format!("{OK}\r\n"), vec![b'x'], slowly).await, &too_long),
        ("chunks of an octet", endless(chunked, b"1\r\nx\r\n".to_vec(), slowly).await, &too_long),
        ("header after header", endless(OK.into(), b"X-More: of this\r\n".repeat(2000), now).await, &nonsense),
        ("one header", endless(format!("{OK}X-Long: "), vec![b'x'; 65_536], now).await, &nonsense),
    ];
    for (what, server, expected) in cases {
        let began = Instant::now();
        let error = get(&limits, &format!("http://{server}/")).await.unwrap_err();
        assert!(expected(&error), "{what}: {error:?}");
        assert!(began.elapsed() < Duration::from_secs(2), "{what}: {:?}", began.elapsed());
    }
}

#[tokio::test]
async fn two_hundred_mebibytes_in_a_few_hundred_kilobytes_are_cut() {
    let bomb = bomb(200);
    assert!(bomb.len() < 1 << 20, "{}", bomb.len());
    let bomb = Answer::ok("application/rss+xml", bomb).header("content-encoding", "gzip");
    let server = Replay::start([("/bomb", bomb.clone()), ("/robots.txt", bomb)]).await.unwrap();
    let began = Instant::now();
    // As robots.txt it is a file without a rule, of which the beginning was read.
    let error = get(&settings(), &server.url("/bomb")).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { .. }), "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

#[tokio::test]
async fn the_limits_of_a_source_hold_for_it_and_are_named_as_its_own() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&[b'x'; 200_000]).unwrap();
    let zipped = Answer::ok("text/plain", encoder.finish().unwrap()).header("content-encoding", "gzip");
    let server = Replay::start([("/zip", zipped)]).await.unwrap();
    let slow = Answer::ok("text/plain", "x").after(Duration::from_millis(300));
    server.set("/slow", slow);
    let fetcher = Fetcher::new(&Crawl { total_timeout: Duration::from_millis(100), ..settings() }, []).unwrap();
    let nothing = Validators::default();
    let ask = async |path: &str, body_cap: Option<usize>, total_timeout: Option<Duration>| {
        let url = Url::parse(&server.url(path)).unwrap();
        let page = Request::page(&url, &nothing, Private::Allowed);
        fetcher.get(&Request { body_cap, total_timeout, ..page }).await
    };
    let general = ask("/zip", None, None).await.unwrap_err().to_string();
    assert!(general.contains("set `body_cap` on the source"), "{general}");
    let own = ask("/zip", Some(199_999), None).await.unwrap_err().to_string();
    assert!(own.contains("raise the `body_cap` of this source"), "{own}");
    assert!(matches!(ask("/zip", Some(200_000), None).await, Ok(Got::Page { page, .. }) if page.body.len() == 200_000));
    let general = ask("/slow", None, None).await.unwrap_err().to_string();
    assert!(general.contains("set `total_timeout` on the source"), "{general}");
    let own = ask("/slow", None, Some(Duration::from_millis(50))).await.unwrap_err().to_string();
    assert!(own.contains("raise the `total_timeout` of this source"), "{own}");
    assert!(ask("/slow", None, Some(Duration::from_secs(5))).await.is_ok(), "longer than the general one");
}

#[tokio::test]
async fn a_redirect_to_what_is_no_address_is_an_error_with_a_cause() {
    for to in ["http://", "http://[::1", "http://exemple.fr:99999/", "javascript:alert(1)", "//", "http://a b/"] {
        let answer = format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
        let server = raw(answer.into_bytes()).await;
        let error = get(&settings(), &format!("http://{server}/")).await.unwrap_err();
        let known = matches!(error, FetchError::BadRedirect { .. } | FetchError::Scheme { .. });
        assert!(known && error.to_string().contains("hint: "), "{to}: {error:?}");
    }
}
