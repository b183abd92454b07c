import type { OrderEvent } from "../../libs/contracts/order_events.js";

/**
 * Returns what subscribers are told of an event, as JSON: the same text however often it is sent.
 *
 * Field by field, for a copy of the event would tell them what is added for our own use, such as its
 * trace. A field that libs/contracts renames is missed here by the compiler.
 */
export function payloadOf(event: OrderEvent): string {
  const { data } = event;
  return JSON.stringify({
    specversion: event.specversion,
    id: event.id,
    source: event.source,
    type: event.type,
    subject: event.subject,
    time: event.time,
    datacontenttype: event.datacontenttype,
    partitionkey: event.partitionkey,
    sequence: event.sequence,
    data: {
      order_id: data.order_id,
      customer_id: data.customer_id,
      status: data.status,
      lines: data.lines.map(({ sku, quantity }) => ({ sku, quantity })),
      rejection: data.rejection,
      rejected_sku: data.rejected_sku,
      cancel_reason: data.cancel_reason,
      created_at: data.created_at,
      updated_at: data.updated_at,
    },
  });
}
