"""What users of azure-servicebus for Python do, against the broker that SERVICE_BUS_CONNECTION_STRING names.

The entities are those of simulation/examples/service_bus.rs. One line a check; exit code 1 when one failed.
"""
import asyncio
import datetime
import os
import sys
import time
import traceback
import uuid

from azure.servicebus import (
    NEXT_AVAILABLE_SESSION,
    AutoLockRenewer,
    ServiceBusClient,
    ServiceBusMessage,
    ServiceBusMessageState,
    ServiceBusReceiveMode,
    ServiceBusSubQueue,
)
from azure.servicebus import aio, exceptions
from azure.servicebus.amqp import AmqpAnnotatedMessage

CONNECTION = os.environ["SERVICE_BUS_CONNECTION_STRING"]
CHECKS = []
UTC = datetime.timezone.utc


def check(function):
    CHECKS.append(function)
    return function


def soon(seconds):
    return datetime.datetime.now(UTC) + datetime.timedelta(seconds=seconds)


def empty(client, queue):
    for sub_queue in (None, ServiceBusSubQueue.DEAD_LETTER):
        mode = ServiceBusReceiveMode.RECEIVE_AND_DELETE
        with client.get_queue_receiver(queue, sub_queue=sub_queue, receive_mode=mode) as receiver:
            while receiver.receive_messages(max_message_count=100, max_wait_time=0.3):
                pass


def send(client, queue, *messages):
    with client.get_queue_sender(queue) as sender:
        sender.send_messages(list(messages))


def fails_with(kind, action):
    try:
        action()
    except kind:
        return
    raise AssertionError(f"{kind.__name__} was expected")


@check
def a_message_keeps_its_ids_and_the_types_of_its_properties(client):
    thing, when = uuid.uuid4(), datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    properties = {"text": "é", "whole": 7, "real": 1.5, "truth": True, "guid": thing}
    send(client, "plain", ServiceBusMessage(
        "hello", message_id="m-1", correlation_id="c", subject="s", to="t", reply_to="r", content_type="text/plain",
        application_properties=properties, time_to_live=datetime.timedelta(hours=1)))
    with client.get_queue_receiver("plain") as receiver:
        [got] = receiver.receive_messages(max_wait_time=5)
        assert (got.message_id, got.correlation_id, got.subject) == ("m-1", "c", "s"), got
        assert (got.to, got.reply_to, got.content_type) == ("t", "r", "text/plain"), got
        assert got.time_to_live == datetime.timedelta(hours=1)
        named = {key.decode(): value for key, value in got.application_properties.items()}
        assert named["whole"] == 7 and named["real"] == 1.5 and named["truth"] is True, named
        assert named["guid"] == thing, named
        assert named["text"] in ("é", "é".encode()), named
        assert got.delivery_count == 0 and got.sequence_number > 0 and got.lock_token, got
        assert b"".join(got.body) == b"hello" and got.locked_until_utc > soon(0)
        assert got.enqueued_time_utc > when
        receiver.complete_message(got)


@check
def bodies_of_all_kinds_come_back(client):
    send(client, "plain",
         AmqpAnnotatedMessage(value_body={"a": [1, 2.5, None]}),
         AmqpAnnotatedMessage(sequence_body=[[1, 2], ["x"]]),
         AmqpAnnotatedMessage(data_body=[b"one", b"two"]))
    with client.get_queue_receiver("plain") as receiver:
        messages = []
        while len(messages) < 3:
            messages += receiver.receive_messages(max_message_count=3, max_wait_time=5)
        value, sequence, data = [message.raw_amqp_message for message in messages]
        assert value.body == {b"a": [1, 2.5, None]} or value.body == {"a": [1, 2.5, None]}, value.body
        assert len(list(sequence.body)) == 2, sequence.body
        assert list(data.body) == [b"one", b"two"], data.body
        for message in messages:
            receiver.complete_message(message)


@check
def a_batch_arrives_whole_and_in_order(client):
    with client.get_queue_sender("plain") as sender:
        batch = sender.create_message_batch()
        for number in range(200):
            batch.add_message(ServiceBusMessage(str(number)))
        sender.send_messages(batch)
    with client.get_queue_receiver("plain", prefetch_count=50) as receiver:
        numbers = []
        while len(numbers) < 200:
            got = receiver.receive_messages(max_message_count=200, max_wait_time=5)
            assert got, f"only {len(numbers)} came"
            for message in got:
                numbers.append(int(str(message)))
                receiver.complete_message(message)
        assert numbers == list(range(200)), numbers


@check
def a_large_message_is_cut_into_frames(client):
    body = os.urandom(200_000)
    send(client, "plain", ServiceBusMessage(body))
    with client.get_queue_receiver("plain") as receiver:
        [got] = receiver.receive_messages(max_wait_time=5)
        assert b"".join(got.body) == body
        receiver.complete_message(got)


@check
def a_message_that_is_too_large_is_refused(client):
    fails_with(exceptions.MessageSizeExceededError, lambda: send(client, "plain", ServiceBusMessage(b"x" * 300_000)))


@check
def a_scheduled_message_is_peeked_and_comes_at_its_time(client):
    with client.get_queue_sender("plain") as sender:
        numbers = sender.schedule_messages([ServiceBusMessage("later"), ServiceBusMessage("never")], soon(3))
        with client.get_queue_receiver("plain") as receiver:
            peeked = receiver.peek_messages(max_message_count=10)
            assert [message.sequence_number for message in peeked] == numbers, peeked
            assert all(message.state == ServiceBusMessageState.SCHEDULED for message in peeked)
            sender.cancel_scheduled_messages(numbers[1])
            assert not receiver.receive_messages(max_wait_time=1)
            [got] = receiver.receive_messages(max_wait_time=6)
            assert str(got) == "later" and got.sequence_number == numbers[0]
            receiver.complete_message(got)
            assert not receiver.receive_messages(max_wait_time=1)
        fails_with(exceptions.ServiceBusError, lambda: sender.cancel_scheduled_messages(numbers[1]))


@check
def peeking_goes_on_from_a_number(client):
    send(client, "plain", *[ServiceBusMessage(str(number)) for number in range(5)])
    with client.get_queue_receiver("plain") as receiver:
        first = receiver.peek_messages(max_message_count=2)
        rest = receiver.peek_messages(max_message_count=10)
        assert [str(message) for message in first + rest] == ["0", "1", "2", "3", "4"]
        again = receiver.peek_messages(max_message_count=10, sequence_number=rest[1].sequence_number)
        assert [str(message) for message in again] == ["3", "4"]
    empty(client, "plain")
    with client.get_queue_receiver("plain") as receiver:
        assert receiver.peek_messages() == []


@check
def an_abandoned_message_comes_again_with_a_higher_count(client):
    send(client, "plain", ServiceBusMessage("again"))
    with client.get_queue_receiver("plain") as receiver:
        for count in range(3):
            [got] = receiver.receive_messages(max_wait_time=5)
            assert got.delivery_count == count, got.delivery_count
            receiver.abandon_message(got)
        [got] = receiver.receive_messages(max_wait_time=5)
        receiver.complete_message(got)


@check
def a_lock_that_ended_is_lost_and_the_last_one_buries(client):
    send(client, "short", ServiceBusMessage("slow"))
    with client.get_queue_receiver("short") as receiver:
        [got] = receiver.receive_messages(max_wait_time=5)
        time.sleep(2.2)
        fails_with(exceptions.ServiceBusError, lambda: receiver.complete_message(got))
        [got] = receiver.receive_messages(max_wait_time=5)
        assert got.delivery_count == 1
        time.sleep(2.2)
    with client.get_queue_receiver("short", sub_queue=ServiceBusSubQueue.DEAD_LETTER) as receiver:
        [dead] = receiver.receive_messages(max_wait_time=5)
        assert dead.dead_letter_reason == "MaxDeliveryCountExceeded", dead.dead_letter_reason
        receiver.complete_message(dead)


@check
def a_renewed_lock_holds_on(client):
    send(client, "short", ServiceBusMessage("long work"))
    with client.get_queue_receiver("short") as receiver:
        [got] = receiver.receive_messages(max_wait_time=5)
        for _ in range(3):
            time.sleep(1)
            until = receiver.renew_message_lock(got)
            assert until > soon(1), until
        receiver.complete_message(got)
        assert not receiver.receive_messages(max_wait_time=1)


@check
def the_lock_renewer_renews(client):
    send(client, "short", ServiceBusMessage("long work"))
    with AutoLockRenewer(max_lock_renewal_duration=20) as renewer:
        with client.get_queue_receiver("short", auto_lock_renewer=renewer) as receiver:
            [got] = receiver.receive_messages(max_wait_time=5)
            time.sleep(5)
            receiver.complete_message(got)


@check
def a_deferred_message_is_received_by_its_number(client):
    send(client, "plain", ServiceBusMessage("aside"))
    with client.get_queue_receiver("plain") as receiver:
        [got] = receiver.receive_messages(max_wait_time=5)
        receiver.defer_message(got)
        assert not receiver.receive_messages(max_wait_time=1)
        # Without a number this client looks only behind what it has received.
        [peeked] = receiver.peek_messages(sequence_number=got.sequence_number)
        assert peeked.state == ServiceBusMessageState.DEFERRED
        [back] = receiver.receive_deferred_messages(got.sequence_number)
        assert str(back) == "aside"
        receiver.renew_message_lock(back)
        receiver.complete_message(back)
        fails_with(exceptions.ServiceBusError, lambda: receiver.receive_deferred_messages(got.sequence_number))


@check
def a_dead_letter_says_why_and_may_be_sent_again(client):
    send(client, "plain", ServiceBusMessage("bad", message_id="d-1"))
    with client.get_queue_receiver("plain") as receiver:
        [got] = receiver.receive_messages(max_wait_time=5)
        receiver.dead_letter_message(got, reason="Broken", error_description="no such site")
    with client.get_queue_receiver("plain", sub_queue=ServiceBusSubQueue.DEAD_LETTER) as receiver:
        [dead] = receiver.receive_messages(max_wait_time=5)
        assert (dead.dead_letter_reason, dead.dead_letter_error_description) == ("Broken", "no such site")
        assert dead.dead_letter_source == "plain" and dead.message_id == "d-1"
        send(client, "other", ServiceBusMessage(b"".join(dead.body)))
        receiver.complete_message(dead)
    with client.get_queue_receiver("other") as receiver:
        [got] = receiver.receive_messages(max_wait_time=5)
        receiver.complete_message(got)


@check
def receiving_and_deleting_leaves_nothing(client):
    send(client, "plain", *[ServiceBusMessage(str(number)) for number in range(10)])
    mode = ServiceBusReceiveMode.RECEIVE_AND_DELETE
    with client.get_queue_receiver("plain", receive_mode=mode) as receiver:
        got = []
        while len(got) < 10:
            more = receiver.receive_messages(max_message_count=10, max_wait_time=5)
            assert more
            got += more
    with client.get_queue_receiver("plain") as receiver:
        assert not receiver.receive_messages(max_wait_time=1)


@check
def a_duplicate_is_dropped(client):
    first = uuid.uuid4().hex
    for _ in range(3):
        send(client, "once", ServiceBusMessage("a", message_id=first))
    with client.get_queue_receiver("once") as receiver:
        [got] = receiver.receive_messages(max_message_count=5, max_wait_time=3)
        receiver.complete_message(got)
        assert not receiver.receive_messages(max_wait_time=1)


@check
def an_unknown_entity_is_not_found(client):
    fails_with(exceptions.MessagingEntityNotFoundError, lambda: send(client, "nothing", ServiceBusMessage("a")))


@check
def a_topic_copies_to_those_who_want_the_subject(client):
    with client.get_topic_sender("topic") as sender:
        sender.send_messages([ServiceBusMessage("r", subject="red"), ServiceBusMessage("b", subject="blue")])
        number = sender.schedule_messages(ServiceBusMessage("s", subject="red"), soon(60))
        sender.cancel_scheduled_messages(number)
    for name, wanted in (("red", ["r"]), ("all", ["r", "b"])):
        with client.get_subscription_receiver("topic", name) as receiver:
            bodies = []
            for message in receiver.receive_messages(max_message_count=5, max_wait_time=3) or []:
                bodies.append(str(message))
                receiver.complete_message(message)
            while len(bodies) < len(wanted):
                [message] = receiver.receive_messages(max_wait_time=3)
                bodies.append(str(message))
                receiver.complete_message(message)
            assert bodies == wanted, (name, bodies)
            assert not receiver.peek_messages()


@check
def a_session_is_exclusive_ordered_and_has_a_state(client):
    for number in range(3):
        for session in ("one", "two"):
            send(client, "sessions", ServiceBusMessage(f"{session}{number}", session_id=session))
    with client.get_queue_receiver("sessions", session_id="one") as receiver:
        with client.get_queue_receiver("sessions", session_id=NEXT_AVAILABLE_SESSION) as other:
            assert other.session.session_id == "two"
            fails_with(exceptions.SessionCannotBeLockedError,
                       lambda: client.get_queue_receiver("sessions", session_id="one").__enter__())
            bodies = []
            while len(bodies) < 3:
                for message in other.receive_messages(max_message_count=3, max_wait_time=5):
                    bodies.append(str(message))
                    other.complete_message(message)
            assert bodies == ["two0", "two1", "two2"]
        assert receiver.session.get_state() is None
        receiver.session.set_state("half way")
        assert receiver.session.renew_lock() > soon(20)
        [first] = receiver.receive_messages(max_wait_time=5)
        assert str(first) == "one0" and first.session_id == "one"
        receiver.defer_message(first)
        [back] = receiver.receive_deferred_messages(first.sequence_number)
        receiver.complete_message(back)
        [held] = receiver.receive_messages(max_wait_time=5)
        assert str(held) == "one1"
    with client.get_queue_receiver("sessions", session_id="one") as receiver:
        assert receiver.session.get_state() == b"half way"
        receiver.session.set_state(None)
        bodies = []
        while len(bodies) < 2:
            for message in receiver.receive_messages(max_message_count=5, max_wait_time=5):
                bodies.append(str(message))
                receiver.complete_message(message)
        assert bodies == ["one1", "one2"], bodies


@check
def without_a_free_session_the_wait_ends(client):
    receiver = client.get_queue_receiver("sessions", session_id=NEXT_AVAILABLE_SESSION, max_wait_time=2)
    fails_with(exceptions.OperationTimeoutError, receiver.__enter__)
    fails_with(exceptions.ServiceBusError, lambda: send(client, "sessions", ServiceBusMessage("no session")))


@check
def a_session_whose_lock_ended_is_lost(client):
    send(client, "brief-sessions", ServiceBusMessage("a", session_id="s"))
    with client.get_queue_receiver("brief-sessions", session_id="s") as receiver:
        [got] = receiver.receive_messages(max_wait_time=5)
        time.sleep(2.3)
        fails_with(exceptions.ServiceBusError, lambda: receiver.complete_message(got))
    with client.get_queue_receiver("brief-sessions", session_id="s") as receiver:
        [got] = receiver.receive_messages(max_wait_time=5)
        receiver.complete_message(got)


@check
def the_asynchronous_client_works_too(client):
    async def story():
        async with aio.ServiceBusClient.from_connection_string(CONNECTION) as bus:
            async with bus.get_queue_sender("plain") as sender:
                await sender.send_messages([ServiceBusMessage(str(number)) for number in range(5)])
            async with bus.get_queue_receiver("plain", max_wait_time=2) as receiver:
                count = 0
                async for message in receiver:
                    count += 1
                    await receiver.complete_message(message)
                assert count == 5, count

    asyncio.run(story())


def main():
    only = sys.argv[1:]
    failures = 0
    with ServiceBusClient.from_connection_string(CONNECTION) as client:
        for queue in ("plain", "other", "short", "once"):
            empty(client, queue)
        for function in CHECKS:
            name = function.__name__
            if only and not any(part in name for part in only):
                continue
            began = time.monotonic()
            try:
                function(client)
                print(f"ok     {name.replace('_', ' ')} ({time.monotonic() - began:.1f} s)", flush=True)
            except Exception:
                failures += 1
                print(f"FAILED {name.replace('_', ' ')}", flush=True)
                traceback.print_exc()
                for queue in ("plain", "other", "short", "once"):
                    empty(client, queue)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
