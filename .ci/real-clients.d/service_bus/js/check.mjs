// What users of @azure/service-bus do, against the broker that SERVICE_BUS_CONNECTION_STRING names.
// The entities are those of simulation/examples/service_bus.rs. One line a check; exit code 1 when one failed.
import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { ServiceBusClient, isServiceBusError } from "@azure/service-bus";

const client = new ServiceBusClient(process.env.SERVICE_BUS_CONNECTION_STRING, {
  retryOptions: { maxRetries: 2, timeoutInMs: 10000 },
});
const checks = [];
const check = (name, run) => checks.push([name, run]);
const soon = (seconds) => new Date(Date.now() + seconds * 1000);

async function empty(queue) {
  for (const subQueueType of [undefined, "deadLetter"]) {
    const receiver = client.createReceiver(queue, { receiveMode: "receiveAndDelete", subQueueType });
    while ((await receiver.receiveMessages(100, { maxWaitTimeInMs: 300 })).length > 0);
    await receiver.close();
  }
}

async function send(queue, messages) {
  const sender = client.createSender(queue);
  await sender.sendMessages(messages);
  await sender.close();
}

async function receiving(queue, options, work) {
  const receiver = client.createReceiver(queue, options);
  try {
    return await work(receiver);
  } finally {
    await receiver.close();
  }
}

async function take(receiver, count) {
  const got = [];
  while (got.length < count) {
    const more = await receiver.receiveMessages(count - got.length, { maxWaitTimeInMs: 5000 });
    assert.ok(more.length > 0, `only ${got.length} of ${count} came`);
    got.push(...more);
  }
  return got;
}

async function failsWith(code, action) {
  await assert.rejects(action, (error) => isServiceBusError(error) && error.code === code);
}

check("a message keeps its ids and properties", async () => {
  const properties = { text: "é", whole: 7, real: 1.5, truth: true, when: new Date(1700000000000) };
  await send("plain", {
    body: { run: 1 }, messageId: "m-1", correlationId: "c", subject: "s", to: "t", replyTo: "r",
    contentType: "application/json", timeToLive: 3600000, applicationProperties: properties,
  });
  await receiving("plain", {}, async (receiver) => {
    const [got] = await take(receiver, 1);
    assert.deepEqual(got.body, { run: 1 });
    assert.deepEqual([got.messageId, got.correlationId, got.subject], ["m-1", "c", "s"]);
    assert.deepEqual([got.to, got.replyTo, got.contentType], ["t", "r", "application/json"]);
    assert.equal(got.timeToLive, 3600000);
    assert.deepEqual({ ...got.applicationProperties, when: +got.applicationProperties.when },
      { ...properties, when: 1700000000000 });
    assert.equal(got.deliveryCount, 0);
    assert.ok(got.lockToken && got.lockedUntilUtc > new Date());
    await receiver.completeMessage(got);
  });
});

check("bodies of all kinds come back", async () => {
  await send("plain", [
    { bodyType: "value", body: "text" }, { bodyType: "sequence", body: [1, 2, 3] }, { bodyType: "data", body: { a: 1 } },
  ]);
  await receiving("plain", {}, async (receiver) => {
    const got = await take(receiver, 3);
    assert.deepEqual(got.map((message) => message._rawAmqpMessage.bodyType), ["value", "sequence", "data"]);
    assert.equal(got[0].body, "text");
    assert.deepEqual(got[1].body, [1, 2, 3]);
    for (const message of got) await receiver.completeMessage(message);
  });
});

check("a batch arrives whole and in order", async () => {
  const sender = client.createSender("plain");
  const batch = await sender.createMessageBatch();
  for (let number = 0; number < 200; number++) assert.ok(batch.tryAddMessage({ body: number }));
  await sender.sendMessages(batch);
  await sender.close();
  await receiving("plain", {}, async (receiver) => {
    const got = await take(receiver, 200);
    assert.deepEqual(got.map((message) => message.body), [...Array(200).keys()]);
    await Promise.all(got.map((message) => receiver.completeMessage(message)));
  });
});

check("a large message is cut into frames", async () => {
  const body = randomBytes(200000);
  await send("plain", { body });
  await receiving("plain", {}, async (receiver) => {
    const [got] = await take(receiver, 1);
    assert.ok(Buffer.compare(Buffer.from(got.body), body) === 0);
    await receiver.completeMessage(got);
  });
});

check("a scheduled message comes at its time, a cancelled one never", async () => {
  const sender = client.createSender("plain");
  const [later, never] = await sender.scheduleMessages([{ body: "later" }, { body: "never" }], soon(2));
  await receiving("plain", {}, async (receiver) => {
    const peeked = await receiver.peekMessages(10);
    assert.deepEqual(peeked.map((message) => message.state), ["scheduled", "scheduled"]);
    await sender.cancelScheduledMessages(never);
    assert.equal((await receiver.receiveMessages(1, { maxWaitTimeInMs: 500 })).length, 0);
    const [got] = await take(receiver, 1);
    assert.equal(got.body, "later");
    assert.equal(got.sequenceNumber.toString(), later.toString());
    await receiver.completeMessage(got);
    assert.equal((await receiver.receiveMessages(1, { maxWaitTimeInMs: 500 })).length, 0);
  });
  await assert.rejects(() => sender.cancelScheduledMessages(never));
  await sender.close();
});

check("peeking goes on from a number", async () => {
  await send("plain", [..."01234"].map((body) => ({ body })));
  await receiving("plain", {}, async (receiver) => {
    const first = await receiver.peekMessages(2);
    const rest = await receiver.peekMessages(10);
    assert.equal([...first, ...rest].map((message) => message.body).join(""), "01234");
    const again = await receiver.peekMessages(10, { fromSequenceNumber: rest[1].sequenceNumber });
    assert.equal(again.map((message) => message.body).join(""), "34");
  });
  await empty("plain");
  await receiving("plain", {}, async (receiver) => assert.deepEqual(await receiver.peekMessages(1), []));
});

check("an abandoned message comes again, with changed properties", async () => {
  await send("plain", { body: "again" });
  await receiving("plain", {}, async (receiver) => {
    const [got] = await take(receiver, 1);
    await receiver.abandonMessage(got, { attempt: "second" });
    const [back] = await take(receiver, 1);
    assert.deepEqual([back.deliveryCount, back.applicationProperties.attempt], [1, "second"]);
    await receiver.completeMessage(back);
  });
});

check("a lock that ended is lost, and the last one buries", async () => {
  await send("short", { body: "slow" });
  await receiving("short", { maxAutoLockRenewalDurationInMs: 0 }, async (receiver) => {
    for (const count of [0, 1]) {
      const [got] = await take(receiver, 1);
      assert.equal(got.deliveryCount, count);
      await sleep(2300);
      await failsWith("MessageLockLost", () => receiver.completeMessage(got));
    }
  });
  await receiving("short", { subQueueType: "deadLetter" }, async (receiver) => {
    const [dead] = await take(receiver, 1);
    assert.equal(dead.deadLetterReason, "MaxDeliveryCountExceeded");
    await receiver.completeMessage(dead);
  });
});

check("a renewed lock holds on", async () => {
  await send("short", { body: "long work" });
  await receiving("short", { maxAutoLockRenewalDurationInMs: 0 }, async (receiver) => {
    const [got] = await take(receiver, 1);
    for (let turn = 0; turn < 3; turn++) {
      await sleep(1000);
      assert.ok((await receiver.renewMessageLock(got)) > soon(1));
    }
    await receiver.completeMessage(got);
  });
});

check("a deferred message is received by its number", async () => {
  await send("plain", { body: "aside" });
  await receiving("plain", {}, async (receiver) => {
    const [got] = await take(receiver, 1);
    await receiver.deferMessage(got);
    assert.equal((await receiver.receiveMessages(1, { maxWaitTimeInMs: 500 })).length, 0);
    const [peeked] = await receiver.peekMessages(1, { fromSequenceNumber: got.sequenceNumber });
    assert.equal(peeked.state, "deferred");
    const [back] = await receiver.receiveDeferredMessages(got.sequenceNumber);
    assert.equal(back.body, "aside");
    await receiver.completeMessage(back);
    await failsWith("MessageNotFound", () => receiver.receiveDeferredMessages(got.sequenceNumber));
  });
});

check("a dead letter says why", async () => {
  await send("plain", { body: "bad", messageId: "d-1" });
  await receiving("plain", {}, async (receiver) => {
    const [got] = await take(receiver, 1);
    await receiver.deadLetterMessage(got, { deadLetterReason: "Broken", deadLetterErrorDescription: "no site", more: 5 });
  });
  await receiving("plain", { subQueueType: "deadLetter" }, async (receiver) => {
    const [dead] = await take(receiver, 1);
    assert.deepEqual([dead.deadLetterReason, dead.deadLetterErrorDescription], ["Broken", "no site"]);
    assert.deepEqual([dead.deadLetterSource, dead.messageId, dead.applicationProperties.more], ["plain", "d-1", 5]);
    await receiver.completeMessage(dead);
  });
});

check("a subscriber gets messages as they come", async () => {
  const bodies = [];
  const receiver = client.createReceiver("plain");
  const subscription = receiver.subscribe({
    processMessage: async (message) => void bodies.push(message.body),
    processError: async (failure) => console.error(failure.error),
  }, { maxConcurrentCalls: 3 });
  for (let number = 0; number < 5; number++) await send("plain", { body: number });
  for (let turn = 0; turn < 50 && bodies.length < 5; turn++) await sleep(100);
  await subscription.close();
  await receiver.close();
  assert.deepEqual(bodies, [0, 1, 2, 3, 4]);
});

check("a duplicate is dropped", async () => {
  const messageId = randomUUID();
  for (let turn = 0; turn < 3; turn++) await send("once", { body: "a", messageId });
  await receiving("once", {}, async (receiver) => {
    const got = await receiver.receiveMessages(5, { maxWaitTimeInMs: 1000 });
    assert.equal(got.length, 1);
    await receiver.completeMessage(got[0]);
  });
});

check("an unknown entity is not found", () => failsWith("MessagingEntityNotFound", () => send("nothing", { body: "a" })));

check("a topic copies to those who want the subject", async () => {
  await send("topic", [{ body: "r", subject: "red" }, { body: "b", subject: "blue" }]);
  for (const [name, wanted] of [["red", "r"], ["all", "rb"]]) {
    const receiver = client.createReceiver("topic", name);
    const got = await take(receiver, wanted.length);
    assert.equal(got.map((message) => message.body).join(""), wanted);
    for (const message of got) await receiver.completeMessage(message);
    assert.equal((await receiver.peekMessages(1)).length, 0);
    await receiver.close();
  }
});

check("a session is exclusive, ordered and has a state", async () => {
  const pairs = ["one", "two"].flatMap((sessionId) => [0, 1, 2].map((body) => ({ body, sessionId })));
  await send("sessions", pairs);
  const one = await client.acceptSession("sessions", "one");
  const two = await client.acceptNextSession("sessions");
  assert.equal(two.sessionId, "two");
  await failsWith("SessionCannotBeLocked", () => client.acceptSession("sessions", "one", { retryOptions: { maxRetries: 0 } }));
  const got = await take(two, 3);
  assert.deepEqual(got.map((message) => message.body), [0, 1, 2]);
  for (const message of got) await two.completeMessage(message);
  await two.close();
  await one.setSessionState({ half: "way" });
  assert.ok((await one.renewSessionLock()) > soon(20));
  const [first] = await take(one, 1);
  await one.deferMessage(first);
  const [back] = await one.receiveDeferredMessages(first.sequenceNumber);
  await one.completeMessage(back);
  const [held] = await take(one, 1);
  assert.equal(held.body, 1);
  await one.close();
  const again = await client.acceptSession("sessions", "one");
  assert.deepEqual(await again.getSessionState(), { half: "way" });
  await again.setSessionState(null);
  const rest = await take(again, 2);
  assert.deepEqual(rest.map((message) => message.body), [1, 2]);
  for (const message of rest) await again.completeMessage(message);
  await again.close();
});

check("a message without a session is refused where sessions are required", async () => {
  await assert.rejects(() => send("sessions", { body: "no session" }));
});

check("a session whose lock ended is lost", async () => {
  await send("brief-sessions", { body: "a", sessionId: "s" });
  const receiver = await client.acceptSession("brief-sessions", "s", { maxAutoLockRenewalDurationInMs: 0 });
  const [got] = await take(receiver, 1);
  await sleep(2500);
  await failsWith("SessionLockLost", () => receiver.completeMessage(got));
  await receiver.close();
  const again = await client.acceptSession("brief-sessions", "s");
  const [back] = await take(again, 1);
  await again.completeMessage(back);
  await again.close();
});

let failures = 0;
const only = process.argv.slice(2);
for (const queue of ["plain", "other", "short", "once"]) await empty(queue);
for (const [name, run] of checks) {
  if (only.length > 0 && !only.some((part) => name.includes(part))) continue;
  const began = Date.now();
  try {
    await run();
    console.log(`ok     ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failures++;
    console.log(`FAILED ${name}`);
    console.error(error);
    for (const queue of ["plain", "other", "short", "once"]) await empty(queue);
  }
}
await client.close();
process.exit(failures > 0 ? 1 : 0);
