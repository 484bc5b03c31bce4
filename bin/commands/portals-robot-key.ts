import { randomBytes } from 'node:crypto';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { tokenDigest } from '../../lib/bitrix24/token-digest.ts';
import type { Portal } from '../../lib/portals/portal.ts';
import { digestsInForce, endOf, withRobotKey } from '../../lib/portals/robot-keys.ts';
import { parseWait } from '../../lib/rules/wait.ts';
import { CommandError, UsageError } from '../command-error.ts';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import type { Deployment } from '../deployment.ts';
import { findPortal } from '../find-portal.ts';
import { paragraphs, withGlobalOptions } from '../global-options.ts';
import type { CliIo } from '../io.ts';
import type { Report } from '../report.ts';
import { iso } from '../time.ts';

interface Options extends GlobalOptions {
  readonly rotate?: true;
  readonly revoke?: true;
  /** ms. */
  readonly grace?: number;
  readonly address?: string;
}

const day = 24 * 3600 * 1000;
const defaultGraceMs = 7 * day;
const longestGraceMs = 90 * day;
/** Length of a key in bytes. */
const keyBytes = 32;

const about = `Makes the key that a stage robot needs: in Bitrix24, add the robot "Webhook" to a lost stage and give it
the URL that is printed here. The robot sends no token, so the key in its URL is all that proves it.

The URL is shown once; only the key's digest is stored. With --rotate a new key takes the place of the old ones, which
work on for a while, so that robots can be changed one by one. With --revoke no key works any more.`;

export function addPortalsRobotKey(portals: Command, run: CommandRun): void {
  const command = portals
    .command('robot-key')
    .summary("make, replace or revoke the key in a stage robot's URL")
    .description(paragraphs(about))
    .argument('<ID>', 'member id or domain')
    .option('--rotate', 'make a new key although there is one; the old one works on for a while')
    .addOption(new Option('--grace <time>', 'how long the old one works on (default: 7d)').argParser(graceOf))
    .addOption(new Option('--revoke', 'take every key out of force').conflicts(['rotate', 'grace']))
    .option('--address <url>', "tidy24's address, to print the whole URL (default: TIDY24_PUBLIC_URL)");
  withGlobalOptions(command, 'npx tidy24 portals robot-key demo.bitrix24.com --rotate --grace 2d').action(
    (id: string, options: Options) => {
      if (options.grace !== undefined && !options.rotate) {
        return run.report(options, () => {
          throw new UsageError('--grace belongs to --rotate');
        });
      }
      return run.reportOn(options, (deployment) =>
        options.revoke ? revoke(deployment, id) : create(deployment, run.io, id, options),
      );
    },
  );
}

async function create(deployment: Deployment, io: CliIo, id: string, options: Options): Promise<Report> {
  const { clock, place } = deployment;
  const address = addressOf(options.address ?? (place.local ? localAddress(io) : io.env['TIDY24_PUBLIC_URL']));
  const portal = await findPortal(deployment, id);
  const now = clock();
  if (!options.rotate && portal.robotKeyDigests.some((key) => endOf(key) === undefined)) {
    throw new CommandError(
      `${portal.domain} has a robot key already, which cannot be shown again. Replace it with --rotate, or take it out ` +
        'of force with --revoke.',
    );
  }
  const key = randomBytes(keyBytes).toString('base64url');
  const until = now + (options.grace ?? defaultGraceMs);
  await store(deployment, portal, withRobotKey(portal.robotKeyDigests, tokenDigest(key), { now, until }));

  const path = `/bitrix24/robot?key=${key}`;
  const old = digestsInForce(portal.robotKeyDigests, now).length > 0 && until > now;
  return {
    data: {
      memberId: portal.memberId,
      domain: portal.domain,
      url: address === undefined ? null : `${address}${path}`,
      path,
      oldKeysUntil: old ? iso(until) : null,
    },
    text: [
      `${address ?? "https://<tidy24's address>"}${path}`,
      'This URL is not shown again. Give it to the robot "Webhook" of each lost stage; it needs no parameters.',
      ...(old ? [`Older keys work until ${iso(until)} at the latest.`] : []),
    ],
    warnings:
      portal.state === 'active' ? [] : [`${portal.domain} is ${portal.state}: its robots are heard when it is active.`],
  };
}

async function revoke(deployment: Deployment, id: string): Promise<Report> {
  const portal = await findPortal(deployment, id);
  const { memberId, domain, robotKeyDigests } = portal;
  const revoked = digestsInForce(robotKeyDigests, deployment.clock()).length;
  await store(deployment, portal, []);
  return {
    data: { memberId, domain, revoked },
    text: [
      revoked === 0
        ? `${domain} has no robot key.`
        : `No robot key of ${domain} works any more, after a minute at the latest. Take the robots out of its stages.`,
    ],
  };
}

async function store({ portals }: Deployment, portal: Portal, keys: Portal['robotKeyDigests']): Promise<void> {
  if (await portals.setRobotKeys(portal, keys)) return;
  throw new CommandError(`${portal.domain} was changed at the same time. Nothing was stored; run the command again.`);
}

function localAddress({ env }: CliIo): string {
  return `http://127.0.0.1:${env['TIDY24_HTTP_PORT'] || '4310'}`;
}

/** The origin alone: what people copy has a path as often as not. */
function addressOf(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  const url = URL.parse(text);
  if (url && /^https?:$/.test(url.protocol)) return url.origin;
  throw new UsageError("--address takes tidy24's address: https://….execute-api.eu-central-1.amazonaws.com");
}

function graceOf(text: string): number {
  const ms = parseWait(text);
  if (ms !== undefined && ms <= longestGraceMs) return ms;
  throw new InvalidArgumentError('It takes a time from 0m to 90d: 12h, 7d, 2w.');
}
