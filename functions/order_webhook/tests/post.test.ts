import assert from "node:assert/strict";
import type { Writable } from "node:stream";
import { suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { checkedLookup } from "../names.js";
import { startDeafListener } from "./support/deaf_listener.js";
import { startRaw } from "./support/raw_server.js";
import { failureOf, LOOPBACK, OWN, send } from "./support/sending.js";
import { startSubscriber, status } from "./support/subscriber.js";

// Far longer than any post here may take.
const STEPS = 150;
const STEP_MS = 20;

/** Writes the parts one after the other, and then ends. */
async function drip(stream: Writable, parts: readonly string[]): Promise<void> {
  for (const part of parts) {
    if (stream.destroyed) {
      return;
    }
    stream.write(part);
    await sleep(STEP_MS);
  }
  stream.end();
}

suite("answers", () => {
  test("a post over TLS arrives as it was sent", async () => {
    await using shop = await startSubscriber(status(204), OWN);
    const { outcome } = await send(`https://127.0.0.1:${shop.port}/hook?key=1`);
    assert.deepEqual(outcome, { kind: "delivered", status: 204 });
    const [request] = shop.requests;
    assert.equal(request?.path, "/hook?key=1");
    assert.equal(request?.body, '{"a":1}');
    assert.equal(request?.headers["webhook-id"], "o1.1");
    assert.equal(request?.headers["content-length"], "7");
    assert.equal(request?.headers.host, `127.0.0.1:${shop.port}`);
  });

  test("each post has a connection of its own", async () => {
    await using shop = await startSubscriber(status(200), OWN);
    await send(`https://127.0.0.1:${shop.port}/`);
    await send(`https://127.0.0.1:${shop.port}/`);
    assert.equal(shop.connections(), 2);
  });

  test("a redirect is not followed", async () => {
    await using metadata = await startSubscriber(status(200));
    const location = `http://127.0.0.1:${metadata.port}/latest/meta-data/`;
    for (const code of [301, 302, 303, 307, 308]) {
      await using shop = await startSubscriber(status(code, { location }), OWN);
      const failure = failureOf(await send(`https://127.0.0.1:${shop.port}/`));
      assert.equal(failure.status, code);
    }
    assert.equal(metadata.connections(), 0);
  });

  test("a huge answer is cut and still counts", async () => {
    let written = 0;
    await using shop = await startSubscriber((response) => {
      response.writeHead(200);
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536))) {
          written += 65_536;
        }
      };
      response.on("drain", more);
      more();
    }, OWN);
    const { outcome, tookMs } = await send(`https://127.0.0.1:${shop.port}/`);
    assert.equal(outcome.kind, "delivered");
    assert.ok(tookMs < 500, `it took ${tookMs} ms`);
    assert.ok(written < 50_000_000, `${written} bytes were taken`);
  });

  test("an answer whose body never ends is cut at the deadline and still counts", async () => {
    await using shop = await startSubscriber(async (response) => {
      response.writeHead(202);
      await drip(response, Array(STEPS).fill("."));
    }, OWN);
    const { outcome, tookMs } = await send(`https://127.0.0.1:${shop.port}/`);
    assert.deepEqual(outcome, { kind: "delivered", status: 202 });
    assert.ok(tookMs < 1_500, `it took ${tookMs} ms`);
  });

  test("an upgrade is not taken up", async () => {
    await using shop = await startRaw((socket) => {
      socket.once("data", () =>
        socket.write(
          "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
        ),
      );
    });
    const failure = failureOf(await send(`http://127.0.0.1:${shop.port}/`));
    assert.equal(failure.reason, "network");
  });
});

// Side by side: each only waits.
suite("subscribers that are slow", { concurrency: true }, () => {
  test("an answer that comes byte by byte ends at the deadline", async () => {
    await using shop = await startRaw((socket) => {
      socket.once("data", () => drip(socket, [..."HTTP/1.1 200 OK\r\nX: ".padEnd(STEPS, "x")]));
    });
    const timed = await send(`http://127.0.0.1:${shop.port}/`);
    assert.deepEqual(timed.outcome, {
      kind: "failed",
      reason: "timeout",
      retry: "soon",
      detail: "no whole head of an answer within 0.6 s",
    });
    assert.ok(timed.tookMs < 1_500, `it took ${timed.tookMs} ms`);
  });

  test("an endless row of informational answers ends at the deadline", async () => {
    await using shop = await startRaw((socket) => {
      socket.once("data", () =>
        drip(socket, Array(STEPS).fill("HTTP/1.1 103 Early Hints\r\n\r\n")),
      );
    });
    const timed = await send(`http://127.0.0.1:${shop.port}/`);
    assert.equal(failureOf(timed).reason, "timeout");
    assert.ok(timed.tookMs < 1_500, `it took ${timed.tookMs} ms`);
  });

  test("a subscriber that reads nothing ends at the deadline", { timeout: 5_000 }, async () => {
    await using shop = await startRaw((socket) => socket.pause());
    const body = Buffer.alloc(10_000_000);
    const timed = await send(`http://127.0.0.1:${shop.port}/`, { body });
    assert.equal(failureOf(timed).reason, "timeout");
  });

  test("a TLS handshake that hangs ends with the time for the connection", async () => {
    await using shop = await startRaw(() => undefined);
    const timed = await send(`https://127.0.0.1:${shop.port}/`);
    assert.equal(failureOf(timed).detail, "no TLS session within 0.3 s");
    assert.ok(timed.tookMs < 550, `it took ${timed.tookMs} ms`);
  });

  test("a connection that hangs ends with its own time", async () => {
    await using deaf = await startDeafListener();
    const timed = await send(`https://127.0.0.1:${deaf.port}/`);
    assert.equal(failureOf(timed).detail, "no connection within 0.3 s");
    assert.ok(timed.tookMs < 550, `it took ${timed.tookMs} ms`);
  });

  test("a name that is not found in time ends with the time for the connection", async () => {
    const lookup = checkedLookup(() => new Promise(() => undefined), LOOPBACK);
    const timed = await send("https://shop.test/", { lookup });
    assert.equal(failureOf(timed).detail, "no address for the name within 0.3 s");
  });
});

suite("connections that break", () => {
  test("nobody listens", async () => {
    const closed = await startSubscriber();
    await closed[Symbol.asyncDispose]();
    const failure = failureOf(await send(`https://127.0.0.1:${closed.port}/`));
    assert.equal(failure.reason, "network");
    assert.equal(failure.retry, "soon");
    assert.match(failure.detail, /ECONNREFUSED/);
  });

  test("a reset instead of an answer", async () => {
    await using shop = await startRaw((socket) =>
      socket.once("data", () => socket.resetAndDestroy()),
    );
    const failure = failureOf(await send(`http://127.0.0.1:${shop.port}/`));
    assert.equal(failure.reason, "network");
    assert.match(failure.detail, /ECONNRESET/);
  });

  test("a reset within the handshake is the network's", async () => {
    await using shop = await startRaw((socket) =>
      socket.once("data", () => socket.resetAndDestroy()),
    );
    assert.equal(failureOf(await send(`https://127.0.0.1:${shop.port}/`)).reason, "network");
  });

  test("an end without an answer", async () => {
    await using shop = await startRaw((socket) => socket.once("data", () => socket.end()));
    assert.equal(failureOf(await send(`http://127.0.0.1:${shop.port}/`)).reason, "network");
  });

  for (const [name, text] of [
    ["what is no HTTP", "220 smtp.example ESMTP\r\n"],
    ["a head that is too long", `HTTP/1.1 200 OK\r\nX: ${"x".repeat(100_000)}\r\n\r\n`],
  ] as const) {
    test(`${name} is no answer`, async () => {
      await using shop = await startRaw((socket) => socket.once("data", () => socket.write(text)));
      assert.equal(failureOf(await send(`http://127.0.0.1:${shop.port}/`)).reason, "network");
    });
  }
});
