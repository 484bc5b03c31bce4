import { basename } from 'node:path';
import type { Command } from 'commander';
import { redact } from '../lib/bitrix24/redact.ts';
import { domainSchema } from '../lib/portals/addresses.ts';
import { recordKeySchema } from '../lib/tasks/record-key.ts';
import { recordText, shortIdLength } from './task-view.ts';
import { iso } from './time.ts';

/** Where the command works, and how it prints: no part of what it does. */
const unsaid = new Set(['json', 'local', 'stage', 'region']);
/** Options whose values are no secrets whatever is given. Of every other the name alone is kept. */
const harmless = new Set([
  'reason',
  'status',
  'rule',
  'record',
  'queue',
  'code',
  'confirm',
  'limit',
  'grace',
  'hour',
  'day',
  'spike',
  'until',
  'since',
]);
const moments = new Set(['since', 'until']);

/**
 * The arguments of a command as they are kept: without secrets, and without what may be one in the wrong place.
 *
 * @param domain of the portal that the command is about; undefined when there is no such portal
 */
export function recordedArguments(command: Command, domain: string | undefined): string[] {
  const named = command.registeredArguments.flatMap((argument, index) => {
    const value: unknown = command.processedArgs[index];
    const values: unknown[] = Array.isArray(value) ? value : [value];
    return values.flatMap((one) => {
      if (typeof one === 'string') return argumentText(argument.name(), one, domain, argument.argChoices);
      const record = recordKeySchema.safeParse(one).data;
      return record ? recordText(record) : [];
    });
  });
  const options = command.options.flatMap((option) => {
    const name = option.attributeName();
    const value: unknown = command.getOptionValue(name);
    if (unsaid.has(name) || command.getOptionValueSource(name) !== 'cli') return [];
    const flag = option.long ?? option.flags;
    return value === true ? [flag] : [flag, optionText(name, value, domain)];
  });
  return [...named, ...options];
}

function argumentText(name: string, text: string, domain: string | undefined, choices?: readonly string[]): string {
  if (choices?.includes(text)) return text;
  if (['ID', 'MEMBER_ID'].includes(name) && !/^[0-9a-f]{8,64}$/i.test(text)) return domain ?? '…';
  // The first digits tell a task or a dead letter apart.
  if (/^[0-9a-f-]{8,64}$/i.test(text)) return name === 'MEMBER_ID' ? (domain ?? '…') : text.slice(0, shortIdLength);
  if (name === 'FILE') return redact(basename(text));
  if (name === 'NEW-HOST') return domainSchema.safeParse(text).data ?? '…';
  return '…';
}

function optionText(name: string, value: unknown, domain: string | undefined): string {
  if (name === 'portal') return domain ?? '…';
  if (!harmless.has(name)) return '…';
  if (moments.has(name) && typeof value === 'number') return iso(value);
  return redact(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
}
