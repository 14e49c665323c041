//! Values and frames alone.
use bytes::{Bytes, BytesMut};
use fastrand::Rng;
use simulated_azure::service_bus::amqp::codec::{AmqpError, Value, decode::Reader, encode::encoded, frame};

/// Any value, up to this depth.
pub fn any(random: &mut Rng, depth: u32) -> Value {
    let bytes = |random: &mut Rng| Bytes::from((0..random.usize(0..300)).map(|_| random.u8(..)).collect::<Vec<_>>());
    let text = |random: &mut Rng| (0..random.usize(0..200)).map(|_| random.char(..)).collect::<String>();
    match random.u32(0..if depth == 0 { 21 } else { 25 }) {
        0 => Value::Null,
        1 => Value::Boolean(random.bool()),
        2 => Value::Ubyte(random.u8(..)),
        3 => Value::Ushort(random.u16(..)),
        4 => Value::Uint(random.u32(..)),
        5 => Value::Uint(random.u32(..300)),
        6 => Value::Ulong(random.u64(..)),
        7 => Value::Ulong(random.u64(..300)),
        8 => Value::Byte(random.i8(..)),
        9 => Value::Short(random.i16(..)),
        10 => Value::Int(random.i32(..)),
        11 => Value::Long(random.i64(..)),
        12 => Value::Float(random.f32()),
        13 => Value::Double(random.f64()),
        14 => Value::Decimal128(random.u128(..).to_be_bytes()),
        15 => Value::Char(random.char(..)),
        16 => Value::Timestamp(random.i64(..)),
        17 => Value::Uuid(random.u128(..).to_be_bytes()),
        18 => Value::Binary(bytes(random)),
        19 => Value::String(text(random)),
        20 => Value::Symbol(text(random)),
        21 => Value::List((0..random.usize(0..6)).map(|_| any(random, depth - 1)).collect()),
        22 => Value::Map((0..random.usize(0..4)).map(|_| (any(random, 0), any(random, depth - 1))).collect()),
        23 => {
            let described = random.bool();
            let element = |random: &mut Rng| {
                let plain = Value::Uint(random.u32(..));
                if described { Value::described(7, plain) } else { plain }
            };
            Value::Array((0..random.usize(0..5)).map(|_| element(random)).collect())
        }
        _ => Value::described(random.u64(..), any(random, depth - 1)),
    }
}

fn decoded(bytes: &Bytes) -> Result<Value, AmqpError> {
    let mut reader = Reader::new(bytes.clone());
    let value = reader.value()?;
    assert!(reader.is_empty());
    Ok(value)
}

#[test]
fn what_was_encoded_is_decoded_to_the_same() {
    let mut random = Rng::with_seed(1);
    for _ in 0..3000 {
        let value = any(&mut random, 4);
        assert_eq!(decoded(&encoded(&value)), Ok(value));
    }
}

#[test]
fn what_is_cut_off_is_refused_wherever_it_is_cut() {
    let mut random = Rng::with_seed(2);
    for _ in 0..200 {
        let bytes = encoded(&any(&mut random, 2));
        for end in 0..bytes.len() {
            let mut reader = Reader::new(bytes.slice(..end));
            let error = reader.value().unwrap_err();
            assert_eq!(error.condition, "amqp:decode-error");
        }
    }
}

#[test]
fn every_form_of_the_specification_is_read() {
    let cases: [(&[u8], Value); 16] = [
        (&[0x56, 1], Value::Boolean(true)),
        (&[0x43], Value::Uint(0)),
        (&[0x44], Value::Ulong(0)),
        (&[0x54, 0xff], Value::Int(-1)),
        (&[0x55, 0x80], Value::Long(-128)),
        (&[0x74, 1, 2, 3, 4], Value::Decimal32([1, 2, 3, 4])),
        (&[0x84, 1, 2, 3, 4, 5, 6, 7, 8], Value::Decimal64([1, 2, 3, 4, 5, 6, 7, 8])),
        (&[0xb0, 0, 0, 0, 1, 9], Value::Binary(Bytes::from_static(&[9]))),
        (&[0xb1, 0, 0, 0, 2, 0xc3, 0xa9], "é".into()),
        (&[0xa3, 1, b'a'], Value::symbol("a")),
        (&[0x45], Value::List(vec![])),
        (&[0xc0, 3, 2, 0x40, 0x41], Value::List(vec![Value::Null, Value::Boolean(true)])),
        (&[0xc1, 5, 2, 0xa1, 1, b'k', 0x43], Value::Map(vec![("k".into(), Value::Uint(0))])),
        (&[0xe0, 4, 2, 0x50, 1, 2], Value::Array(vec![Value::Ubyte(1), Value::Ubyte(2)])),
        (&[0xe0, 2, 2, 0x41], Value::Array(vec![Value::Boolean(true), Value::Boolean(true)])),
        (&[0, 0x53, 0x24, 0x45], Value::described(0x24, Value::List(vec![]))),
    ];
    for (bytes, value) in cases {
        assert_eq!(decoded(&Bytes::from_static(bytes)), Ok(value), "{bytes:02x?}");
    }
}

#[test]
fn what_would_take_too_much_is_refused() {
    let nested = [vec![0; 100_000], vec![0x40]].concat();
    let many_nulls = [&[0xf0, 0, 0, 0, 5, 0xff, 0xff, 0xff, 0xff, 0x40][..], &[0; 8]].concat();
    let lists = [&[0xd0, 0, 0, 0, 8][..], &[0x7f, 0xff, 0xff, 0xff, 0x40, 0x40, 0x40, 0x40]].concat();
    let described = {
        let name = [vec![0xb3, 0, 0, 0x40, 0], vec![b'x'; 0x4000]].concat();
        let body = [vec![0, 0, 0xff, 0xff, 0], name, vec![0x40]].concat();
        [vec![0xf0], u32::try_from(body.len()).unwrap().to_be_bytes().to_vec(), body].concat()
    };
    let mismatched = vec![0xc0, 4, 1, 0x40, 0x40, 0x40];
    let odd = vec![0xc1, 2, 1, 0x40];
    for bytes in [nested, many_nulls, lists, described, mismatched, odd, vec![0xa1, 1, 0xff], vec![0x3f], vec![0x56, 2]]
    {
        let error = Reader::new(bytes.clone().into()).value().unwrap_err();
        assert_eq!(error.condition, "amqp:decode-error", "{:02x?}", &bytes[..bytes.len().min(20)]);
    }
}

#[test]
fn symbolic_descriptors_are_known() {
    let value = Value::Described(Box::new((Value::symbol("amqp:accepted:list"), Value::List(vec![]))));
    assert_eq!(value.code(), Some(0x24));
}

#[test]
fn a_frame_is_taken_when_it_is_whole() {
    let mut out = BytesMut::new();
    frame::put(&mut out, frame::AMQP, 7, 0x14, vec![Value::Uint(1)], b"payload");
    frame::put_empty(&mut out);
    let mut input = BytesMut::new();
    for byte in &out[..out.len() - 8] {
        assert!(frame::take(&mut input).unwrap().is_none());
        input.extend_from_slice(&[*byte]);
    }
    let taken = frame::take(&mut input).unwrap().unwrap();
    assert_eq!((taken.kind, taken.channel, &taken.payload[..]), (frame::AMQP, 7, &b"payload"[..]));
    let fields = taken.performative.unwrap();
    assert_eq!((fields.code, fields.uint(0), fields.uint(10)), (0x14, Ok(Some(1)), Ok(None)));
    input.extend_from_slice(&out[out.len() - 8..]);
    assert!(frame::take(&mut input).unwrap().unwrap().performative.is_none());
    assert!(input.is_empty());
}
