/**
 * The base of all reasons to refuse a request. `message` names what is wrong and never quotes the content, so that it
 * may be logged and answered; `status` is the HTTP status to answer with.
 */
export abstract class InboundError extends Error {
  override readonly name: string = 'InboundError';
  /** Stable, one for each class. */
  abstract readonly code: string;
  abstract readonly status: 400 | 413 | 415;
}

/** Thrown when the body, decoded, is larger than we take. */
export class BodyTooLarge extends InboundError {
  override readonly name = 'BodyTooLarge';
  readonly code = 'BODY_TOO_LARGE';
  readonly status = 413;
  readonly limitBytes: number;

  constructor(limitBytes: number) {
    super(`The body is larger than ${limitBytes} bytes.`);
    this.limitBytes = limitBytes;
  }
}

/** Thrown when the content type is missing or is not that of a form. */
export class WrongContentType extends InboundError {
  override readonly name = 'WrongContentType';
  readonly code = 'WRONG_CONTENT_TYPE';
  readonly status = 415;

  constructor() {
    super('The content type must be application/x-www-form-urlencoded.');
  }
}

/** Thrown when the body is no form that we take: encoding, forbidden keys, depth, number of parameters. */
export class MalformedForm extends InboundError {
  override readonly name = 'MalformedForm';
  readonly code = 'MALFORMED_FORM';
  readonly status = 400;
}

/** Thrown when the form is no Bitrix24 event. `field` is the one that is missing or malformed, `auth[member_id]`. */
export class NotAnEvent extends InboundError {
  override readonly name = 'NotAnEvent';
  readonly code = 'NOT_AN_EVENT';
  readonly status = 400;
  readonly field: string;

  constructor(field: string, problem: 'is missing' | 'is malformed') {
    super(`This is no Bitrix24 event: ${field} ${problem}.`);
    this.field = field;
  }
}
