import type { FactGroup } from '../fact.ts';

const everywhere = ['deleting', 'looking', 'planning', 'single'] as const;
const symptoms = [
  ['html-200', 'a page instead of JSON, with 200'],
  ['html-401', 'a page with 401: a proxy wants a password'],
  ['html-403', 'a page with 403: blocked, or a firewall'],
  ['html-404', 'a page with 404: no REST interface there'],
  ['html-429', 'a page with 429: the edge asks for less'],
  ['html-500', 'a page with 500'],
  ['html-502', 'a page with 502'],
  ['html-503', 'a page with 503: maintenance'],
  ['html-504', 'a page with 504: cut at 60 s'],
  ['empty-500', 'nothing at all, with 500'],
  ['empty-200', 'nothing at all, with 200'],
  ['truncated', 'JSON that is cut off'],
  ['no-time', 'a good answer without `time`'],
  ['reset-before', 'the connection is reset before the work is done'],
  ['reset-after', 'the connection is reset after the work is done'],
  ['no-answer-before', 'never an answer, and nothing done'],
  ['no-answer-after', 'never an answer, but the work is done'],
  ['redirect-elsewhere', 'a 302 to another host: the portal was renamed; never followed as GET'],
  ['redirect-same-host', 'a 302 to the same host: closed or without a licence; no loop'],
] as const;

export const symptomFacts: FactGroup = {
  title: 'Answers without usable JSON',
  facts: [
    ...symptoms.flatMap(([symptom, says]) =>
      everywhere.map((place) => ({ id: `symptom/${symptom}/${place}`, says: `${says}; request: ${place}` })),
    ),
    { id: 'symptom/html-502/after-the-work', says: 'a page with 502 although the work was done' },
    { id: 'symptom/html-504/after-the-work', says: 'a page with 504 although the work was done' },
    { id: 'symptom/html-200/always', says: 'a page with 200 again and again: given up after a few tries' },
    { id: 'symptom/html-403/always', says: 'a page with 403 again and again: after three tries a person must act' },
    { id: 'symptom/reset-before/always', says: 'resets again and again: given up after about an hour' },
    { id: 'symptom/refused', says: 'the connection is refused: tried again later' },
    { id: 'symptom/dns', says: 'no such host name: tried again later' },
    { id: 'symptom/tls', says: 'no TLS connection: tried again later' },
    { id: 'symptom/refused/for-a-day', says: 'refused for more than a day: a person must act' },
    { id: 'symptom/error-in-200', says: 'an `error` in an answer of status 200: by its code' },
    { id: 'symptom/result-error', says: 'a batch with 200 whose commands failed: each classified alone' },
    {
      id: 'symptom/redirect-elsewhere/new-address',
      says: 'a renamed portal goes on at its new address once that is confirmed',
    },
  ],
};
