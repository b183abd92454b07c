/** A function for the tests of the local runtime: does what its event asks for. */

console.log("imported");

export async function handler(event, context) {
  console.log("handling");
  console.error("on stderr");
  switch (event?.do) {
    case "raise":
      throw new RangeError("no such shop");
    case "sleep":
      await new Promise((resolve) => setTimeout(resolve, event.seconds * 1000));
      break;
    case "spin":
      for (;;);
    case "exit":
      process.exit(event.status);
      break;
    case "answer":
      return event.answer;
    case "large":
      return "x".repeat(event.bytes);
  }
  return {
    event,
    environment: { ...process.env },
    folder: process.cwd(),
    memory_mb: context.memoryLimitInMB,
    process: process.pid,
    remaining_ms: context.getRemainingTimeInMillis(),
    request_id: context.awsRequestId,
  };
}
