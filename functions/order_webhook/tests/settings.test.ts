import assert from "node:assert/strict";
import { test } from "node:test";
import { readSettings } from "../settings.js";

const LEAST = { DEAD_LETTERS_QUEUE_URL: "https://sqs.eu-west-1.amazonaws.com/1/dead.fifo" };

test("only the queue of dead letters has no default", () => {
  const settings = readSettings(LEAST);
  assert.equal(settings.subscribersTable, "webhook_subscribers");
  assert.equal(settings.attemptTimeoutMs, 10_000);
  assert.equal(settings.deliveriesKeptSeconds, 15 * 24 * 60 * 60);
  assert.equal(settings.allowHttp, false);
  assert.deepEqual(settings.allowedPrivateNetworks, []);
  assert.equal(settings.allowedPorts.has(443), true);
  assert.equal(settings.allowedPorts.has(80), false);
});

test("an empty variable counts as unset", () => {
  assert.equal(readSettings({ ...LEAST, ATTEMPTS: "" }).attempts, 3);
});

test("everything that is wrong is said at once", () => {
  const wrong = {
    ALLOWED_PORTS: "https",
    ALLOWED_PRIVATE_NETWORKS: "10.0.0.0/8,home",
    ALLOW_HTTP: "yes",
    ATTEMPTS: "2.5",
    ATTEMPT_TIMEOUT_SECONDS: "soon",
    LOG_LEVEL: "loud",
    MAX_RECEIVES: "0",
  };
  assert.throws(() => readSettings(wrong), {
    name: "SettingsError",
    problems: [
      'DEAD_LETTERS_QUEUE_URL is an http or https URL, not ""',
      'MAX_RECEIVES is a whole number from 1 to 1000, not "0"',
      'ATTEMPTS is a whole number from 1 to 10, not "2.5"',
      'ATTEMPT_TIMEOUT_SECONDS is a number from 0.1 to 300, not "soon"',
      'ALLOW_HTTP is one of true, false, not "yes"',
      'ALLOWED_PORTS: ports are given like 443,8000-8999, from 1 to 65535, not "https"',
      'ALLOWED_PRIVATE_NETWORKS: "home" is no network in CIDR notation, like 10.0.0.0/8',
      'LOG_LEVEL is one of debug, info, warning, error, not "loud"',
    ],
  });
});
