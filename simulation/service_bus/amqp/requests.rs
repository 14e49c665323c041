//! Requests to `$cbs` and `$management`, and their way back. Pure.
use super::{
    bus::Bus,
    codec::{AmqpError, Value, condition, decode::Reader, encode::encode},
    engine::Engine,
    links::{Link, Node},
    management::{self, Answer, Failure},
    reading,
};
use bytes::{Bytes, BytesMut};

/// So many replies may wait for credit on one link.
const MOST_REPLIES: usize = 1000;

impl Engine {
    /// Carries out a request and puts the reply on the link that the request names, or on the one to the same node.
    pub(super) fn request(
        &mut self,
        channel: u16,
        node: &Node,
        payload: Bytes,
        bus: &mut Bus<'_>,
    ) -> Result<(), AmqpError> {
        let request = reading::message(payload)?;
        let native = request.native.unwrap_or_default();
        let reply_to = request.reply_to.as_deref().filter(|address| !address.is_empty());
        let links = self.sessions.iter_mut().flat_map(|(channel, session)| {
            session.links.values_mut().filter_map(|link| match link {
                Link::Out(link) if link.node == *node => Some((*channel, link)),
                Link::Out(_) | Link::In(_) | Link::Waiting(_) | Link::Closing => None,
            })
        });
        // The link whose very address was given is best, then one of the same session.
        let rank = |(owner, target): (u16, &str)| (reply_to == Some(target), owner == channel);
        let Some((_, link)) = links.max_by_key(|(owner, link)| rank((*owner, link.target.as_str()))) else {
            return Err(AmqpError::new(condition::NOT_FOUND, "there is no link for the reply"));
        };
        if link.replies.len() >= MOST_REPLIES {
            return Err(AmqpError::new(condition::RESOURCE_LIMIT, "too many replies wait for credit"));
        }
        let operation = native.application_properties.get("operation").and_then(Value::text).unwrap_or_default();
        let id = native.properties.first().cloned().unwrap_or(Value::Null);
        let reply = match node {
            Node::Cbs => put_token(operation),
            Node::Management(entity) | Node::Entity(entity) => {
                let body = match native.body {
                    Some(section) => Reader::new(section).value()?,
                    None => Value::Null,
                };
                managed(management::answer(entity, operation, body.plain(), bus))
            }
        };
        link.replies.push_back(reply.sections(id));
        Ok(())
    }
}

struct Reply {
    properties: Vec<(Value, Value)>,
    body: Value,
}

impl Reply {
    fn sections(self, request_id: Value) -> Bytes {
        let mut out = BytesMut::new();
        let mut properties = vec![Value::Null; 5];
        properties.push(request_id);
        encode(&Value::described(0x73, Value::List(properties)), &mut out);
        encode(&Value::described(0x74, Value::Map(self.properties)), &mut out);
        encode(&Value::described(0x77, self.body), &mut out);
        out.freeze()
    }
}

/// Accepted, that is 202: with 200 the Rust clients fail.
fn put_token(operation: &str) -> Reply {
    let (status, text) = match operation {
        "put-token" => (202, "Accepted".to_owned()),
        other => (400, format!("the operation must be put-token, but {other:?} came")),
    };
    let properties = vec![("status-code".into(), Value::Int(status)), ("status-description".into(), text.into())];
    Reply { properties, body: Value::Null }
}

fn managed(answer: Answer) -> Reply {
    let (status, text, condition, body) = match answer {
        Ok(Some(body)) => (200, "OK".to_owned(), None, body),
        Ok(None) => (204, "No content".to_owned(), None, Value::Map(vec![])),
        Err(Failure { status, error }) => (status, error.description, Some(error.condition), Value::Map(vec![])),
    };
    let mut properties = vec![("statusCode".into(), Value::Int(status)), ("statusDescription".into(), text.into())];
    properties.extend(condition.map(|condition| ("errorCondition".into(), Value::symbol(condition))));
    Reply { properties, body }
}
