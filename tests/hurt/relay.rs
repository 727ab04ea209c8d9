//! The way between the program and a service: everything passes by a function that may hold it,
//! drop it, or do something first.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

/// What passes, and where to.
pub struct Piece<'a> {
    pub bytes: &'a [u8],
    pub to_service: bool,
}

impl Piece<'_> {
    /// Whether a text is in it.
    pub fn says(&self, text: &str) -> bool {
        self.bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    }
}

/// Hands a piece on by calling what it is given, or does not.
pub type OnPiece = Arc<dyn Fn(&Piece<'_>, &mut dyn FnMut()) + Send + Sync>;

/// Opens a way to `service` and gives its address. It is there until the test ends.
pub fn open(service: &str, on_piece: &OnPiece) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (service, on_piece) = (service.to_owned(), Arc::clone(on_piece));
    thread::spawn(move || {
        for client in listener.incoming() {
            let client = client.unwrap();
            let server = TcpStream::connect(&service).unwrap();
            let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            let there = Arc::clone(&on_piece);
            thread::spawn(move || carry(from, to, true, &there));
            let back = Arc::clone(&on_piece);
            thread::spawn(move || carry(server, client, false, &back));
        }
    });
    address
}

/// Carries one direction until either side is gone.
fn carry(mut from: TcpStream, mut to: TcpStream, to_service: bool, on_piece: &OnPiece) {
    let mut buffer = [0; 1 << 16];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        let bytes = &buffer[..read];
        let mut written = true;
        let piece = Piece { bytes, to_service };
        on_piece(&piece, &mut || written = to.write_all(bytes).is_ok());
        if !written {
            break;
        }
    }
    // The other side may be gone already.
    let _ = to.shutdown(Shutdown::Write);
}
