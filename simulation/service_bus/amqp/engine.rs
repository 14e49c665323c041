//! One connection's state: which sessions and links there are, and what is to be sent. Pure.
use super::{
    bus::{Bus, Wake},
    codec::{
        AmqpError, Fields, Value, condition,
        frame::{self, Frame},
    },
    session::Session,
};
use bytes::BytesMut;
use std::{collections::BTreeMap, time::Duration};

/// The highest channel that a client may use.
const CHANNEL_MAX: u16 = 4999;
/// A client that is silent for longer may be taken for dead.
const IDLE_MILLISECONDS: u32 = 240_000;

#[derive(Default)]
pub(crate) struct Engine {
    /// What is to be sent.
    pub out: BytesMut,
    pub is_closed: bool,
    pub wake: Wake,
    /// How long the client waits for a sign of life.
    pub peer_idle: Option<Duration>,
    /// The largest frame that the client takes. 0: it has not opened the connection yet.
    pub(super) peer_frame: usize,
    /// The namespace's host name, as the client calls it.
    pub(super) host: String,
    pub(super) sessions: BTreeMap<u16, Session>,
}

impl Engine {
    /// Takes one frame of the client.
    pub fn take(&mut self, frame: Frame, bus: &mut Bus<'_>) {
        if frame.kind != frame::AMQP {
            return self.fail(&AmqpError::new(condition::FRAMING_ERROR, "a SASL frame came after the end of SASL"));
        }
        let Some(performative) = frame.performative else { return };
        if let Err(error) = self.carry_out(frame.channel, &performative, &frame.payload, bus) {
            self.fail(&error);
        }
    }

    fn carry_out(
        &mut self,
        channel: u16,
        fields: &Fields,
        payload: &bytes::Bytes,
        bus: &mut Bus<'_>,
    ) -> Result<(), AmqpError> {
        let not_allowed = |why: String| Err(AmqpError::new(condition::NOT_ALLOWED, why));
        match (fields.code, self.peer_frame) {
            (0x10, 0) => return self.open(fields),
            (0x10, _) => return not_allowed("the connection is open already".into()),
            (_, 0) => return not_allowed("the first frame must be open".into()),
            (0x11, _) => return self.begin(channel, fields),
            (0x18, _) => {
                frame::put(&mut self.out, frame::AMQP, 0, 0x18, vec![], &[]);
                self.is_closed = true;
                return Ok(());
            }
            _ => {}
        }
        let Some(session) = self.sessions.get_mut(&channel) else {
            return not_allowed(format!("no session was begun on channel {channel}"));
        };
        if session.is_ending && fields.code != 0x17 {
            return Ok(());
        }
        match fields.code {
            0x12 => self.attach(channel, fields, bus),
            0x13 => self.flow(channel, fields, bus),
            0x14 => self.transfer(channel, fields, payload, bus),
            0x15 => self.disposition(channel, fields, bus),
            0x16 => self.detached(channel, fields, bus),
            0x17 => {
                self.release_session(channel, bus);
                let session = self.sessions.remove(&channel);
                if session.is_some_and(|session| !session.is_ending) {
                    frame::put(&mut self.out, frame::AMQP, channel, 0x17, vec![], &[]);
                }
                Ok(())
            }
            other => not_allowed(format!("{other:#x} describes no performative of a session")),
        }
    }

    fn open(&mut self, fields: &Fields) -> Result<(), AmqpError> {
        let most = fields.uint(2)?.unwrap_or(u32::MAX);
        if most < 512 {
            return Err(AmqpError::new(condition::INVALID_FIELD, format!("max-frame-size {most} is below 512")));
        }
        self.host = fields.text(1)?.unwrap_or("local").into();
        self.peer_frame = usize::try_from(most).unwrap_or(usize::MAX).min(frame::LARGEST_FRAME);
        let idle = fields.uint(4)?.filter(|milliseconds| *milliseconds > 0);
        self.peer_idle = idle.map(|milliseconds| Duration::from_millis(milliseconds.into()));
        let largest = u32::try_from(frame::LARGEST_FRAME).unwrap_or(u32::MAX);
        let ours = vec![
            "simulated-azure".into(),
            Value::Null,
            Value::Uint(largest),
            Value::Ushort(CHANNEL_MAX),
            Value::Uint(IDLE_MILLISECONDS),
        ];
        frame::put(&mut self.out, frame::AMQP, 0, 0x10, ours, &[]);
        Ok(())
    }

    fn begin(&mut self, channel: u16, fields: &Fields) -> Result<(), AmqpError> {
        if channel > CHANNEL_MAX {
            return Err(AmqpError::new(condition::FRAMING_ERROR, format!("channel {channel} exceeds {CHANNEL_MAX}")));
        }
        if self.sessions.contains_key(&channel) {
            return Err(AmqpError::new(condition::NOT_ALLOWED, format!("channel {channel} has a session already")));
        }
        let session = Session::new(fields.needed_uint(1)?, fields.needed_uint(2)?);
        frame::put(&mut self.out, frame::AMQP, channel, 0x11, session.begin(channel), &[]);
        self.sessions.insert(channel, session);
        Ok(())
    }

    /// Ends a session whose client broke its rules; what still comes on its channel is for nobody.
    pub(super) fn end(&mut self, channel: u16, error: &AmqpError, bus: &mut Bus<'_>) {
        self.release_session(channel, bus);
        if let Some(session) = self.sessions.get_mut(&channel) {
            session.end();
            frame::put(&mut self.out, frame::AMQP, channel, 0x17, vec![error.to_value()], &[]);
        }
    }

    /// Closes the connection with an error.
    pub fn fail(&mut self, error: &AmqpError) {
        if self.peer_frame == 0 {
            // Close may only come after open.
            frame::put(&mut self.out, frame::AMQP, 0, 0x10, vec!["simulated-azure".into()], &[]);
        }
        frame::put(&mut self.out, frame::AMQP, 0, 0x18, vec![error.to_value()], &[]);
        self.is_closed = true;
    }

    /// Closes the connection because the client seems to be gone.
    pub fn give_up(&mut self, why: &str) {
        self.fail(&AmqpError::new(condition::CONNECTION_FORCED, why));
    }

    /// Lets go of everything that the connection's links hold.
    pub fn release_all(&mut self, bus: &mut Bus<'_>) {
        for channel in self.sessions.keys().copied().collect::<Vec<_>>() {
            self.release_session(channel, bus);
        }
    }

    fn release_session(&mut self, channel: u16, bus: &mut Bus<'_>) {
        for link in
            self.sessions.get_mut(&channel).map(|session| std::mem::take(&mut session.links)).unwrap_or_default()
        {
            link.1.release(bus);
        }
    }
}
