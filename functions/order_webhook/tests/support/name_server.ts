import { createSocket } from "node:dgram";
import { once } from "node:events";
import { isIPv4 } from "node:net";

const A = 1;
const AAAA = 28;
const IN = 1;
const HEADER_BYTES = 12;
const IS_ANSWER = 0x8180;
const NO_SUCH_NAME = 3;
const POINTER_TO_QUESTION = 0xc00c;

/** Returns the addresses of a name, when asked for the `count`th time, from 1 on. */
export type Zone = (name: string, count: number) => readonly string[];

/** A name server on 127.0.0.1 that a test answers for. */
export interface NameServer extends AsyncDisposable {
  /** address:port */
  readonly address: string;
}

export async function startNameServer(zone: Zone): Promise<NameServer> {
  const socket = createSocket("udp4");
  const counts = new Map<string, number>();
  socket.on("message", (query, from) => {
    const { name, type, end } = readQuestion(query);
    const key = `${name} ${type}`;
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    const found = zone(name, count).filter((address) => isIPv4(address) === (type === A));
    socket.send(answerTo(query.subarray(0, end), found), from.port, from.address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    address: `127.0.0.1:${socket.address().port}`,
    [Symbol.asyncDispose]: async () => {
      socket.close();
      await once(socket, "close");
    },
  };
}

function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString("ascii", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join("."), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function answerTo(question: Buffer, addresses: readonly string[]): Buffer {
  const head = Buffer.from(question);
  head.writeUInt16BE(addresses.length > 0 ? IS_ANSWER : IS_ANSWER | NO_SUCH_NAME, 2);
  head.writeUInt16BE(addresses.length, 6);
  head.writeUInt32BE(0, 8);
  return Buffer.concat([head, ...addresses.map(record)]);
}

function record(address: string): Buffer {
  const data = isIPv4(address)
    ? Buffer.from(address.split(".").map(Number))
    : Buffer.from(
        expanded(address).flatMap((part) => [
          Number.parseInt(part, 16) >> 8,
          Number.parseInt(part, 16) & 255,
        ]),
      );
  const head = Buffer.alloc(12);
  head.writeUInt16BE(POINTER_TO_QUESTION, 0);
  head.writeUInt16BE(isIPv4(address) ? A : AAAA, 2);
  head.writeUInt16BE(IN, 4);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function expanded(address: string): string[] {
  const [before = "", after] = address.split("::");
  const left = before === "" ? [] : before.split(":");
  const right = after === undefined || after === "" ? [] : after.split(":");
  return [...left, ...Array<string>(8 - left.length - right.length).fill("0"), ...right];
}
