import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import { DescribeTableCommand } from "@aws-sdk/client-dynamodb";
import { ListQueuesCommand } from "@aws-sdk/client-sqs";
import { createClients } from "../clients.js";

const CHANGED = {
  AWS_ACCESS_KEY_ID: "local",
  AWS_REGION: "eu-west-1",
  AWS_SECRET_ACCESS_KEY: "local",
};
const sockets: Socket[] = [];
const silent = createServer((socket) => sockets.push(socket.on("error", () => undefined)));

before(async () => {
  await once(silent.listen(0, "127.0.0.1"), "listening");
  const endpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  Object.assign(process.env, CHANGED);
  process.env["AWS_ENDPOINT_URL_DYNAMODB"] = endpoint;
  process.env["AWS_ENDPOINT_URL_SQS"] = endpoint;
});

after(() => {
  for (const socket of sockets) {
    socket.destroy();
  }
  silent.close();
  delete process.env["AWS_ENDPOINT_URL_DYNAMODB"];
  delete process.env["AWS_ENDPOINT_URL_SQS"];
});

test("a service that does not answer is given up in time, after three tries", async () => {
  const { dynamo, sqs } = createClients(100);
  const started = performance.now();
  const gaveUp = (error: Error & { $metadata?: { attempts?: number } }): boolean =>
    error.name === "TimeoutError" && error.$metadata?.attempts === 3;
  await Promise.all([
    assert.rejects(dynamo.send(new DescribeTableCommand({ TableName: "t" })), gaveUp),
    assert.rejects(sqs.send(new ListQueuesCommand({})), gaveUp),
  ]);
  assert.ok(performance.now() - started < 2_000);
  assert.equal(sockets.length, 6);
});
