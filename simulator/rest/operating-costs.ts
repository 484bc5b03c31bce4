/**
 * Operating seconds a call is billed when nothing else is configured: the times in the documentation's own samples.
 * crm.contact.delete is the exception, its sample of 100 s being longer than a request may take.
 */
const SECONDS: Readonly<Record<string, number>> = {
  'crm.deal.contact.items.delete': 0.609,
  'crm.company.contact.items.delete': 0.21,
  'crm.item.delete': 0.609,
  'crm.contact.delete': 2,
  'crm.item.add': 0.4,
  'crm.item.update': 0.4,
};

const OTHER_SECONDS = 0.03;

export function operatingSeconds(method: string, configured: Partial<Record<string, number>>): number {
  return configured[method] ?? configured['*'] ?? SECONDS[method] ?? OTHER_SECONDS;
}
