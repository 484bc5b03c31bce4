import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';

/** The form body of an HTTP API event, and its content type. */
export function formBody(event: APIGatewayProxyEventV2): {
  body: string | undefined;
  isBase64Encoded: boolean;
  contentType: string | undefined;
} {
  return {
    body: event.body,
    isBase64Encoded: event.isBase64Encoded,
    contentType: event.headers['content-type'] ?? event.headers['Content-Type'],
  };
}

/** An answer in plain text: Bitrix24 looks at the status alone, people read the rest. */
export function answer(statusCode: number, text: string): APIGatewayProxyStructuredResultV2 {
  return { statusCode, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: `${text}\n` };
}
