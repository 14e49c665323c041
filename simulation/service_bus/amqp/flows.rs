//! Credit: what each side may send. Pure.
use super::{
    attaching::CREDIT,
    bus::Bus,
    codec::{AmqpError, Fields, Value, frame},
    engine::Engine,
    links::Link,
};

impl Engine {
    pub(super) fn flow(&mut self, channel: u16, flow: &Fields, bus: &mut Bus<'_>) -> Result<(), AmqpError> {
        let Some(session) = self.sessions.get_mut(&channel) else { return Ok(()) };
        session.set_window(flow.uint(0)?, flow.needed_uint(1)?);
        let wants_echo = flow.boolean(9)?;
        let Some(handle) = flow.uint(4)? else {
            if wants_echo {
                let fields = session.flow();
                frame::put(&mut self.out, frame::AMQP, channel, 0x13, fields, &[]);
            }
            return Ok(());
        };
        let (count, credit, drain) = (flow.uint(5)?.unwrap_or(0), flow.uint(6)?, flow.boolean(8)?);
        match session.links.get_mut(&handle) {
            None => self.unattached(channel, handle, bus),
            Some(Link::Out(link)) => {
                let used = link.delivery_count.wrapping_sub(count);
                if let Some(credit) = credit {
                    link.credit = credit.saturating_sub(used);
                }
                link.drain = drain;
                // The answer to a drain comes when everything was delivered.
                if wants_echo && !drain {
                    self.put_flow(channel, handle);
                }
            }
            Some(Link::In(_)) if wants_echo => self.put_flow(channel, handle),
            Some(Link::Waiting(link)) => link.credit = credit.unwrap_or(0),
            Some(Link::In(_) | Link::Closing) => {}
        }
        Ok(())
    }

    /// Lets a sender send as much as it may have on the way.
    pub(super) fn grant(&mut self, channel: u16, handle: u32) {
        let link = self.sessions.get_mut(&channel).and_then(|session| session.links.get_mut(&handle));
        if let Some(Link::In(link)) = link {
            link.credit = CREDIT;
            self.put_flow(channel, handle);
        }
    }

    /// Tells the client how a link stands.
    pub(super) fn put_flow(&mut self, channel: u16, handle: u32) {
        let Some(session) = self.sessions.get(&channel) else { return };
        let (count, credit, drain) = match session.links.get(&handle) {
            Some(Link::In(link)) => (link.delivery_count, link.credit, false),
            Some(Link::Out(link)) => (link.delivery_count, link.credit, link.drain),
            Some(Link::Waiting(_) | Link::Closing) | None => return,
        };
        let mut fields = session.flow();
        fields.extend([handle, count, credit, 0].map(Value::Uint));
        fields.push(Value::Boolean(drain));
        frame::put(&mut self.out, frame::AMQP, channel, 0x13, fields, &[]);
    }
}
