/**
 * Stands in the bundles for `@smithy/core/event-streams`, which the SDK imports when an operation streams events. None
 * of SQS, none of DynamoDB and not GetParameter does.
 */
export function EventStreamSerde(): never {
  throw new Error('The bundles come without event streams: see bundle/event-streams.ts.');
}

/** Handed on by the SDK to the marshaller of the above, and never called. */
export const eventStreamSerdeProvider = undefined;
