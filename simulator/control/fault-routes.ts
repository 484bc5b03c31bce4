import * as z from 'zod';
import type { Fault } from '../faults/fault.ts';
import { given, type Route } from './route.ts';

const status = z.coerce.number().int().min(200).max(599);
const work = z.enum(['before', 'after']).default('before');
const faultSchema = z.object({
  /** A method, or `oauth/token`; left out, every call. */
  method: z.string().optional(),
  id: z.coerce.number().int().optional(),
  in: z.enum(['envelope', 'command']).optional(),
  times: z.union([z.literal('always').transform(() => Infinity), z.coerce.number().int().positive()]).default(1),
  type: z.enum(['error', 'html', 'truncated', 'no-time', 'reset', 'no-answer', 'redirect']),
  status: status.optional(),
  error: z.string().default('INTERNAL_SERVER_ERROR'),
  description: z.string().default(''),
  location: z.string().default('/'),
  work,
});

function faultOf(wanted: z.infer<typeof faultSchema>): Fault {
  const { type, error, description, location, work: when } = wanted;
  switch (type) {
    case 'error':
      return { type, error, description, work: when, ...given({ status: wanted.status }) };
    case 'html':
      return { type, status: wanted.status ?? 502, work: when };
    case 'reset':
    case 'no-answer':
      return { type, work: when };
    case 'redirect':
      return { type, location };
    case 'truncated':
    case 'no-time':
      break;
  }
  return { type };
}

export const faultRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: 'faults',
    does:
      'the next answers go wrong: type=error|html|truncated|no-time|reset|no-answer|redirect, method, id, ' +
      'in=envelope|command, times=1|always, status, error, description, location, work=before|after',
    run: (portal, params) => {
      const wanted = faultSchema.parse(params);
      portal.faults.add({
        when: given({ method: wanted.method?.toLowerCase(), id: wanted.id, inBatch: wanted.in }),
        times: wanted.times,
        give: faultOf(wanted),
      });
      return { added: wanted.type };
    },
  },
  {
    method: 'POST',
    path: 'faults/clear',
    does: 'everything goes right again',
    run: (portal) => {
      portal.faults.clear();
      return { cleared: true };
    },
  },
  {
    method: 'POST',
    path: 'events/drop',
    does: 'the next events are lost on their way: count',
    run: (portal, params) => {
      const { count } = z.object({ count: z.coerce.number().int().positive() }).parse(params);
      portal.dropEvents(count);
      return { dropping: count };
    },
  },
  {
    method: 'GET',
    path: 'requests',
    does: 'what the portal was asked, without secrets',
    run: (portal) => ({ requests: portal.requests, refreshes: portal.refreshes, events: portal.postedEvents }),
  },
];
