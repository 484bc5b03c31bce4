import { classify } from '../../../../lib/bitrix24/errors.ts';
import type { JudgedAnswer } from '../../../../lib/portals/judge.ts';

export const answered = (result: unknown): JudgedAnswer => ({ kind: 'result', result });

/** A page of `crm.item.list`. */
export const listed = (...items: unknown[]): JudgedAnswer => answered({ items });

export const failed = (error: string, method = 'crm.item.list'): JudgedAnswer => ({
  kind: 'error',
  error,
  description: '',
  row: classify({ error, description: '', method, status: 200 }),
});

/** The portal will not let us read it, now and later. */
export const refusal = failed('ACCESS_DENIED');
/** It may be known at another time. */
export const trouble = failed('INTERNAL_SERVER_ERROR');
