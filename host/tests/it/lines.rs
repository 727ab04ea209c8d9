use std::io::Write as _;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use atsync::engine::reconcile::{Answer, Effect, Failure, LinesRequest, Mode};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get as on_get;
use serde_json::json;

use crate::support::*;

/// A server with one file.
struct Shop {
    file: Mutex<Vec<u8>>,
    ranges: AtomicBool,
    requests: AtomicUsize,
    credentials: AtomicUsize,
}

async fn file(State(shop): State<Arc<Shop>>, headers: HeaderMap) -> Response {
    shop.requests.fetch_add(1, Ordering::SeqCst);
    if headers.contains_key("authorization") || headers.contains_key("x-shelf-token") {
        shop.credentials.fetch_add(1, Ordering::SeqCst);
    }
    let file = shop.file.lock().unwrap().clone();
    let range = headers
        .get(header::RANGE)
        .map(|range| range.to_str().unwrap().to_owned());
    let Some(range) = range.filter(|_| shop.ranges.load(Ordering::SeqCst)) else {
        let chunks: Vec<_> = file
            .chunks(7)
            .map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec()))
            .collect();
        return Body::from_stream(futures_util::stream::iter(chunks)).into_response();
    };
    let (first, last) = range
        .strip_prefix("bytes=")
        .unwrap()
        .split_once('-')
        .unwrap();
    let first: usize = first.parse().unwrap();
    let end = (last.parse::<usize>().unwrap() + 1).min(file.len());
    if first >= file.len() {
        let headers = [(header::CONTENT_RANGE, format!("bytes */{}", file.len()))];
        return (StatusCode::RANGE_NOT_SATISFIABLE, headers).into_response();
    }
    let headers = [
        (
            header::CONTENT_RANGE,
            format!("bytes {first}-{}/{}", end - 1, file.len()),
        ),
        (header::ETAG, format!("\"{}\"", file.len())),
    ];
    (
        StatusCode::PARTIAL_CONTENT,
        headers,
        file[first..end].to_vec(),
    )
        .into_response()
}

async fn shop(content: impl Into<Vec<u8>>, ranges: bool) -> (Arc<Shop>, Bench, String) {
    let shop = Arc::new(Shop {
        file: Mutex::new(content.into()),
        ranges: AtomicBool::new(ranges),
        requests: AtomicUsize::default(),
        credentials: AtomicUsize::default(),
    });
    let router = Router::new()
        .route("/file", on_get(file))
        .with_state(Arc::clone(&shop));
    let base = serve(router).await;
    (shop, Bench::new(&base), format!("{base}/file"))
}

fn read(url: &str, offset: u64, max_bytes: u32) -> Effect {
    Effect::ReadLines(LinesRequest {
        url: url.to_owned(),
        offset,
        max_bytes,
    })
}

async fn piece(bench: &Bench, effect: Effect) -> (String, Option<u64>) {
    match bench.answer(effect).await {
        Answer::Lines(lines) => (lines.text, lines.next_offset),
        other => panic!("{other:?}"),
    }
}

fn numbered(lines: usize) -> String {
    (0..lines)
        .map(|line| format!("{{\"line\":{line},\"name\":\"Kleid für {line} €\"}}\n"))
        .collect()
}

#[tokio::test]
async fn a_file_comes_in_pieces_cut_at_line_ends_with_and_without_ranges() {
    for ranges in [true, false] {
        let (_, bench, url) = shop("one\ntwo\nthree", ranges).await;
        assert_eq!(
            piece(&bench, read(&url, 0, 6)).await,
            ("one\n".to_owned(), Some(4))
        );
        assert_eq!(
            piece(&bench, read(&url, 4, 6)).await,
            ("two\n".to_owned(), Some(8))
        );
        assert_eq!(
            piece(&bench, read(&url, 8, 6)).await,
            ("three".to_owned(), None)
        );
        assert_eq!(
            piece(&bench, read(&url, 0, 100)).await,
            ("one\ntwo\nthree".to_owned(), None)
        );
    }
}

#[tokio::test]
async fn every_byte_of_a_file_arrives_once_whatever_the_piece() {
    let content = numbered(2_000);
    for ranges in [true, false] {
        for max_bytes in [64, 1_000, 4_096, 1 << 20] {
            let (shop, bench, url) = shop(content.clone(), ranges).await;
            let data = bench
                .data(Mode::Sync, &json!([{ "ReadAll": [url, max_bytes] }]))
                .await;
            assert_eq!(data["bytes_read"], content.len(), "{data}");
            assert_eq!(data["lines_read"], 2_000);
            if !ranges {
                assert_eq!(
                    shop.requests.load(Ordering::SeqCst),
                    1,
                    "the one answer stays open"
                );
            }
        }
    }
}

#[tokio::test]
async fn an_empty_file_is_one_empty_piece() {
    for ranges in [true, false] {
        let (_, bench, url) = shop("", ranges).await;
        assert_eq!(
            piece(&bench, read(&url, 0, 100)).await,
            (String::new(), None)
        );
    }
}

#[tokio::test]
async fn a_line_longer_than_a_piece_is_too_large() {
    for ranges in [true, false] {
        let (_, bench, url) = shop(format!("short\n{}\nshort\n", "x".repeat(1_000)), ranges).await;
        let answer = bench.answer(read(&url, 6, 500)).await;
        assert!(
            matches!(answer, Answer::Failed(Failure::TooLarge)),
            "{answer:?}"
        );
        assert_eq!(piece(&bench, read(&url, 6, 1_001)).await.0.len(), 1_001);
    }
}

#[tokio::test]
async fn a_file_that_changes_between_pieces_is_a_failure() {
    let (shop, bench, url) = shop("one\ntwo\nthree\n", true).await;
    let steps = json!([{ "Ask": [read(&url, 0, 4)] }, { "Ask": [get("/change")] }, { "Ask": [read(&url, 8, 4)] }]);
    let before = answers(&bench.data(Mode::Sync, &steps).await);
    assert!(
        matches!(before[2], Answer::Failed(Failure::TooLarge)),
        "{before:?}"
    );
    *shop.file.lock().unwrap() = b"one\ntwo\nthree\nfour\n".to_vec();
    let changing = Arc::clone(&shop);
    let router = Router::new()
        .route("/file", on_get(file))
        .with_state(Arc::clone(&shop))
        .route(
            "/change",
            on_get(async move || changing.file.lock().unwrap().push(b'\n')),
        );
    let base = serve(router).await;
    let bench = Bench::new(&base);
    let url = format!("{base}/file");
    let steps = json!([{ "Ask": [read(&url, 0, 7)] }, { "Ask": [get("/change")] }, { "Ask": [read(&url, 8, 7)] }]);
    match &answers(&bench.data(Mode::Sync, &steps).await)[2] {
        Answer::Failed(Failure::Unreachable(why)) => {
            assert!(why.contains("changed while"), "{why}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_file_that_is_not_utf_8_is_refused_at_its_byte() {
    let (_, bench, url) = shop(&b"good\nb\xffd\n"[..], true).await;
    match bench.answer(read(&url, 5, 100)).await {
        Answer::Failed(Failure::Refused(why)) => assert!(why.contains("at byte 6"), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn no_credential_is_sent_with_a_download() {
    let (shop, bench, url) = shop("one\n", true).await;
    piece(&bench, read(&url, 0, 100)).await;
    assert_eq!(shop.credentials.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_download_from_elsewhere_or_in_pieces_without_measure_is_refused() {
    let (_, bench, url) = shop("one\n", true).await;
    for effect in [
        read("https://evil.example/f", 0, 10),
        read("nonsense", 0, 10),
        read(&url, 0, 0),
        read(&url, 0, 9 << 20),
    ] {
        let answer = bench.answer(effect).await;
        assert!(
            matches!(answer, Answer::Failed(Failure::Refused(_))),
            "{answer:?}"
        );
    }
}

/// A server whose file gives a byte now and then.
async fn trickle(ranges: bool) -> Bench {
    let file = async move || {
        let chunks = futures_util::stream::unfold((), async |()| {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Some((Ok::<_, std::io::Error>("x"), ()))
        });
        let body = Body::from_stream(chunks);
        if ranges {
            let range = [(header::CONTENT_RANGE, "bytes 0-999/1000")];
            (StatusCode::PARTIAL_CONTENT, range, body).into_response()
        } else {
            body.into_response()
        }
    };
    let mut bench = Bench::new(&serve(Router::new().route("/file", on_get(file))).await);
    bench.connection.limits.request_timeout = Duration::from_millis(300);
    bench
}

#[tokio::test]
async fn a_file_that_trickles_in_is_a_time_out_with_and_without_ranges() {
    for ranges in [true, false] {
        let mut bench = trickle(ranges).await;
        let url = bench.shelf().url.clone().unwrap().join("/file").unwrap();
        let answer = bench.answer(read(url.as_str(), 0, 1_000)).await;
        assert!(
            matches!(answer, Answer::Failed(Failure::TimedOut)),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn a_file_without_end_is_given_up_at_its_limit() {
    let endless = async |headers: HeaderMap| {
        let range = headers[header::RANGE].to_str().unwrap().to_owned();
        let (first, last) = range.trim_start_matches("bytes=").split_once('-').unwrap();
        let bytes = last.parse::<usize>().unwrap() + 1 - first.parse::<usize>().unwrap();
        let part = [(header::CONTENT_RANGE, format!("bytes {first}-{last}/*"))];
        (StatusCode::PARTIAL_CONTENT, part, "\n".repeat(bytes))
    };
    let base = serve(Router::new().route("/file", on_get(endless))).await;
    let mut bench = Bench::new(&base);
    bench.connection.limits.download_bytes = 10_000;
    let steps = json!([{ "ReadAll": [format!("{base}/file"), 1_000] }]);
    let data = bench.data(Mode::Sync, &steps).await;
    assert_eq!(data["bytes_read"], 11_000);
    let answers = answers(&data);
    assert!(
        matches!(answers[..], [Answer::Failed(Failure::TooLarge)]),
        "{answers:?}"
    );
}

#[tokio::test]
async fn a_file_that_unpacks_into_a_bomb_is_too_large() {
    let bomb = async || {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(&vec![b'0'; 10 << 20]).unwrap();
        ([("content-encoding", "gzip")], gzip.finish().unwrap())
    };
    let base = serve(Router::new().route("/file", on_get(bomb))).await;
    let bench = Bench::new(&base);
    let answer = bench
        .answer(read(&format!("{base}/file"), 0, 1 << 20))
        .await;
    assert!(
        matches!(answer, Answer::Failed(Failure::TooLarge)),
        "{answer:?}"
    );
}

#[tokio::test]
async fn files_are_read_side_by_side_only_as_far_as_exchanges_may_be() {
    for ranges in [true, false] {
        let (under_way, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let file = {
            let (under_way, most) = (under_way.clone(), most.clone());
            async move || {
                let now = under_way.fetch_add(1, Ordering::SeqCst) + 1;
                most.fetch_max(now, Ordering::SeqCst);
                // Long enough for the others to come, if they may.
                tokio::time::sleep(Duration::from_millis(50)).await;
                under_way.fetch_sub(1, Ordering::SeqCst);
                let range = [(header::CONTENT_RANGE, "bytes 0-3/8")];
                match ranges {
                    true => (StatusCode::PARTIAL_CONTENT, range, "one\n").into_response(),
                    false => "one\ntwo\n".into_response(),
                }
            }
        };
        let base = serve(Router::new().route("/{file}", on_get(file))).await;
        let mut bench = Bench::new(&base);
        bench.connection.limits.concurrent_requests = 2;
        let pieces: Vec<_> = (0..6)
            .map(|number| read(&format!("{base}/{number}"), 0, 4))
            .collect();
        for answer in bench.answers(Mode::Sync, &pieces).await {
            assert!(matches!(answer, Answer::Lines(_)), "{answer:?}");
        }
        assert_eq!(most.load(Ordering::SeqCst), 2, "ranges: {ranges}");
    }
}

#[tokio::test]
async fn more_files_than_are_kept_open_come_whole_all_the_same() {
    for ranges in [true, false] {
        let (_, bench, url) = shop("one\ntwo\n", ranges).await;
        let all = |offset| -> Vec<_> {
            let file = |number| read(&format!("{url}?file={number}"), offset, 4);
            (0..40).map(file).collect()
        };
        let steps = json!([{ "Ask": all(0) }, { "Ask": all(4) }]);
        let texts = answers(&bench.data(Mode::Sync, &steps).await)
            .into_iter()
            .map(|answer| {
                let Answer::Lines(lines) = answer else {
                    panic!("{answer:?}")
                };
                lines.text
            });
        let (first, second): (Vec<_>, Vec<_>) =
            texts.enumerate().partition(|(number, _)| *number < 40);
        assert!(first.iter().all(|(_, text)| text == "one\n"), "{first:?}");
        assert!(second.iter().all(|(_, text)| text == "two\n"), "{second:?}");
    }
}

#[tokio::test]
async fn a_download_that_leads_elsewhere_is_not_followed() {
    let (elsewhere, _, url) = shop("one\n", true).await;
    let router = Router::new().route("/moved", on_get(async move || Redirect::temporary(&url)));
    let base = serve(router).await;
    match Bench::new(&base)
        .answer(read(&format!("{base}/moved"), 0, 10))
        .await
    {
        Answer::Failed(Failure::Unreachable(why)) => assert!(why.contains("status 307"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(elsewhere.requests.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_file_that_is_gone_is_named_without_its_signature() {
    let (_, bench, url) = shop("one\n", true).await;
    match bench
        .answer(read(&format!("{url}-gone?signature=abc"), 0, 10))
        .await
    {
        Answer::Failed(Failure::Unreachable(why)) => {
            assert!(
                why.contains("/file-gone answered with status 404") && !why.contains("abc"),
                "{why}"
            );
        }
        other => panic!("{other:?}"),
    }
}
