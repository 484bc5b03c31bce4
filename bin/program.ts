import { Command } from 'commander';
import type { CommandRun } from './command-run.ts';
import { addAudit } from './commands/audit.ts';
import { addDlqDrop } from './commands/dlq-drop.ts';
import { addDlqList } from './commands/dlq-list.ts';
import { addDlqRedrive } from './commands/dlq-redrive.ts';
import { addDlqShow } from './commands/dlq-show.ts';
import { addDoctor } from './commands/doctor.ts';
import { addHold } from './commands/hold.ts';
import { addPortalsConnect } from './commands/portals-connect.ts';
import { addPortalsCredentials } from './commands/portals-credentials.ts';
import { addPortalsDisconnect } from './commands/portals-disconnect.ts';
import { addPortalsList } from './commands/portals-list.ts';
import { addPortalsMode } from './commands/portals-mode.ts';
import { addPortalsMove } from './commands/portals-move.ts';
import { addPortalsCaps } from './commands/portals-caps.ts';
import { addPortalsPause } from './commands/portals-pause.ts';
import { addPortalsResume } from './commands/portals-resume.ts';
import { addPortalsRobotKey } from './commands/portals-robot-key.ts';
import { addPortalsShow } from './commands/portals-show.ts';
import { addReconcile } from './commands/reconcile.ts';
import { addRulesCheck } from './commands/rules-check.ts';
import { addRulesHistory } from './commands/rules-history.ts';
import { addRulesPlan } from './commands/rules-plan.ts';
import { addRulesPush } from './commands/rules-push.ts';
import { addRulesSchema } from './commands/rules-schema.ts';
import { addRulesShow } from './commands/rules-show.ts';
import { addStart, addStop } from './commands/stop-start.ts';
import { addTasksCancel } from './commands/tasks-cancel.ts';
import { addTasksEnforce } from './commands/tasks-enforce.ts';
import { addTasksExport } from './commands/tasks-export.ts';
import { addTasksForget } from './commands/tasks-forget.ts';
import { addTasksList } from './commands/tasks-list.ts';
import { addTasksShow } from './commands/tasks-show.ts';
import { addTasksUndo } from './commands/tasks-undo.ts';
import { paragraphs } from './global-options.ts';
import { ownVersion } from './version.ts';

const about = `Cleans up after lost deals in Bitrix24: unlinks and deletes what your rules name.

A portal is connected, gets its rules, and is observed: tidy24 plans and records, and deletes
nothing until you switch the portal to enforce. An ID is a portal's member id or its domain.`;

const firstSteps = `
First steps, for a portal with an incoming and an outgoing webhook:
  npx tidy24 portals connect
  npx tidy24 rules push rules.yaml --portal demo.bitrix24.com
  npx tidy24 tasks list --portal demo.bitrix24.com
  npx tidy24 portals mode demo.bitrix24.com enforce

Exit codes: 0 done, 1 failed, 2 wrong command line. TIDY24_DEBUG=1 shows where an error came from.`;

/** The command line's grammar. What a command does is in its file in commands/. */
export function buildProgram(run: CommandRun): Command {
  const { stdout, stderr } = run.io;
  const program = new Command('tidy24')
    .description(paragraphs(about))
    .version(ownVersion(), '-V, --version', 'print the version')
    // `rules show` has a --version of its own.
    .enablePositionalOptions()
    .addHelpText('after', firstSteps)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      outputError: () => undefined, // Said by runCli, without secrets.
      getOutHelpWidth: () => 100,
      getErrHelpWidth: () => 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });

  program.hook('preAction', (_program, command) => run.begin(command));

  const portals = program.command('portals').description('connect portals and decide what may be done to them');
  addPortalsConnect(portals, run);
  addPortalsCredentials(portals, run);
  addPortalsList(portals, run);
  addPortalsShow(portals, run);
  addPortalsMode(portals, run);
  addPortalsPause(portals, run);
  addPortalsCaps(portals, run);
  addPortalsResume(portals, run);
  addPortalsMove(portals, run);
  addPortalsDisconnect(portals, run);
  addPortalsRobotKey(portals, run);

  const rules = program.command('rules').description('say what is removed, and when');
  addRulesCheck(rules, run);
  addRulesPlan(rules, run);
  addRulesPush(rules, run);
  addRulesShow(rules, run);
  addRulesHistory(rules, run);
  addRulesSchema(rules, run);

  const tasks = program.command('tasks').description('see what was done and what is going to be');
  addTasksList(tasks, run);
  addTasksShow(tasks, run);
  addTasksUndo(tasks, run);
  addTasksCancel(tasks, run);
  addTasksEnforce(tasks, run);
  addTasksExport(tasks, run);
  addTasksForget(tasks, run);

  addHold(program, run);

  const dlq = program.command('dlq').description('see what could not be done, try it again or give it up');
  addDlqList(dlq, run);
  addDlqShow(dlq, run);
  addDlqRedrive(dlq, run);
  addDlqDrop(dlq, run);

  addAudit(program, run);
  addReconcile(program, run);
  addDoctor(program, run);
  addStop(program, run);
  addStart(program, run);
  return program;
}
