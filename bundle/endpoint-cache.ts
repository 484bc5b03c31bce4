/**
 * Stands in the bundles for `@aws-sdk/endpoint-cache`. The DynamoDB client makes one of these in case it is told to
 * discover endpoints, which it never is here: DynamoDB's endpoint is known by its region.
 */
export class EndpointCache {
  getEndpoint(): never {
    throw new Error('The bundles come without endpoint discovery: see bundle/endpoint-cache.ts.');
  }
}
