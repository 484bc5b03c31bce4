import type { BackNote, KeepReason, Redrive } from '../lib/tasks/redrive.ts';

const stays: Readonly<Record<KeepReason, string>> = {
  'unreadable-message': 'nobody can read it: it can only be dropped',
  'task-unknown': 'its task is not in the table',
  'task-unreadable': "its task's row cannot be read: another version of tidy24 may have written it",
  'task-in-work': 'its task is open and the letter less than 10 minutes old: try again later',
  'task-changed': 'its task has changed meanwhile: try again',
  'portal-unknown': 'its portal is not connected',
  'portal-unreadable': "its portal's row cannot be read: another version of tidy24 may have written it",
  'portal-disconnected': 'its portal is disconnected',
  'rule-removed': 'its rule is not in force any more',
  'rule-disabled': 'its rule is switched off',
  'rule-changed': 'its rule removes something else now',
  'rule-no-longer-matches': 'its rule is about other records now',
  'record-gone': 'the record is gone',
  'no-longer-lost': 'the record is not lost any more',
  'moved-to-another-stage': 'the record is lost in another stage now',
  'lost-again-later': 'the record was lost again later, which is another task',
};

const notes: Readonly<Record<BackNote, string>> = {
  'portal-paused': 'the portal is paused: it waits for portals resume',
  'portal-pending': 'the portal is not proved yet: it waits',
  'not-due-yet': 'it is not due yet: it waits',
  'would-be-observed': 'it will be observed, not done',
  'record-not-looked-at': 'the record could not be looked at before',
};

/** What was done with a dead letter, or with `dryRun` would be. */
export function redriveText(redrive: Redrive, dryRun: boolean): string {
  switch (redrive.do) {
    case 'back':
      return `${dryRun ? 'would go back' : 'went back'}${redrive.note === undefined ? '' : `; ${notes[redrive.note]}`}`;
    case 'settled':
      return `${dryRun ? 'would be removed' : 'removed'}: ${settledText(redrive.reason)}`;
    case 'keep':
      break;
  }
  return `stays: ${stays[redrive.reason]}`;
}

function settledText(reason: Extract<Redrive, { do: 'settled' }>['reason']): string {
  if (reason === 'tasks-come-due') return 'its tasks come due by themselves, or have ended';
  return reason === 'task-open' ? 'its task is open already' : `its task is ${reason.slice('task-'.length)}`;
}
