import * as z from 'zod';
import type { Item, Table } from '../aws/table.ts';
import { isOver, type Origin, originSchema } from './origin.ts';
import { UnreadableRow } from './unreadable-row.ts';

/** A local app's own client id and secret: every local app has its own. */
export const appSchema = z.object({ clientId: z.string().min(1), clientSecret: z.string().min(1) });
export type App = z.infer<typeof appSchema>;

const leaseSchema = z.object({ by: z.string(), until: z.int() });

/** The tokens that a portal is called with. `generation` grows by one with each rotation. */
export const oauthSchema = z.object({
  memberId: z.string(),
  kind: z.literal('oauth'),
  generation: z.int().min(1),
  accessToken: z.string().min(1),
  refreshToken: z.string().min(1),
  /** ms since the epoch: the end of the access token. */
  accessExpiresAt: z.int(),
  /** REST endpoint ending in a slash, as the authorization server gave it. */
  clientEndpoint: z.url(),
  /** Token endpoint of the allow-listed authorization server. */
  tokenUrl: z.url(),
  app: appSchema.optional(),
  /** Who refreshes at present, so that nobody else does. */
  lease: leaseSchema.optional(),
  /** The generation whose refresh token the authorization server has refused once. */
  refused: z.int().optional(),
  /** When the refresh token was last exchanged for another, in ms since the epoch; absent in older rows. */
  refreshedAt: z.int().optional(),
  /** Since when no refresh has succeeded, in ms since the epoch; absent while all is well. */
  failingSince: z.int().optional(),
  /** The installation these tokens come from, until its portal is active. */
  activation: z.object({ installation: z.string(), tokenDigest: z.string(), eventsUrl: z.url() }).optional(),
  /** The installation these tokens come from: its application token's digest, and when it arrived, in ms. */
  installation: z.optional(originSchema),
});
export type OAuthCredentials = z.infer<typeof oauthSchema>;

/** An incoming webhook. Its URL is the secret. */
export const webhookSchema = z.object({
  memberId: z.string(),
  kind: z.literal('webhook'),
  url: z.url(),
});

const credentialsSchema = z.discriminatedUnion('kind', [oauthSchema, webhookSchema]);
export type Credentials = z.infer<typeof credentialsSchema>;

/** Every secret in the credentials, so that a text from outside can be cleaned of them. Of a URL, the code in its path. */
export function secretsOf(credentials: Credentials | undefined): string[] {
  if (credentials === undefined) return [];
  if (credentials.kind === 'webhook')
    return new URL(credentials.url).pathname.split('/').filter((part) => part.length > 5);
  const { accessToken, refreshToken, app } = credentials;
  return [accessToken, refreshToken, ...(app ? [app.clientSecret] : [])];
}

/** What an ONAPPINSTALL brought, kept until a refresh proves it. */
export const installationSchema = z.object({
  /** sha256 of the refresh token: to tell one installation from another without the secret. */
  id: z.string(),
  refreshToken: z.string().min(1),
  tokenUrl: z.url(),
  tokenDigest: z.string(),
  domain: z.string(),
  eventsUrl: z.url(),
  receivedAt: z.int().positive(),
});
export type Installation = z.infer<typeof installationSchema>;

/** Unproved installations of one portal that are kept at most. */
const maxInstallations = 20;
/** An installation that nobody proved is forgotten after this many ms. */
export const installationLifetime = 30 * 24 * 3600 * 1000;

const pendingSchema = z.object({
  memberId: z.string(),
  kind: z.literal('pending'),
  installations: z.array(installationSchema),
  app: appSchema.optional(),
  revision: z.int(),
  /** Who proves it at present. */
  lease: leaseSchema.optional(),
});
export type Pending = z.infer<typeof pendingSchema>;

const pendingKey = (memberId: string) => ({ memberId: `pending#${memberId}` });

function read<T>(schema: z.ZodType<T>, row: Item): T {
  const parsed = schema.safeParse(row);
  // The issues of the schema may quote what stands in the row: only the row's key is named.
  if (!parsed.success) throw new UnreadableRow(`The credentials of ${String(row['memberId'])} cannot be read`);
  return parsed.data;
}

/**
 * The table `credentials`: secrets only, so that IAM can keep it from the functions that need none. Reads are
 * consistent, because a token that was rotated a moment ago is worth nothing.
 */
export class CredentialStore {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async get(memberId: string): Promise<Credentials | undefined> {
    const row = await this.#table.get({ memberId });
    return row && read(credentialsSchema, row);
  }

  async put(credentials: Credentials): Promise<void> {
    await this.#table.put(credentials);
  }

  async remove(memberId: string): Promise<void> {
    await this.#table.delete({ memberId });
  }

  /**
   * Erases the tokens of an installation that was removed, proved or not; those of another one stay. The app's id and
   * secret are kept with what is pending, for the app may be installed again.
   */
  async eraseTokens(memberId: string, removal: Origin, now: number): Promise<void> {
    for (;;) {
      const held = await this.get(memberId);
      if (held?.kind !== 'oauth' || (held.installation && !isOver(held.installation, removal))) break;
      if (held.app) await this.setApp(memberId, held.app, now);
      // The very tokens that were read: a rotation or a new installation may have come in between.
      const { accessToken } = held;
      if (await this.#table.delete({ memberId }, { if: '#accessToken = :accessToken', values: { accessToken } })) break;
    }
    const pending = await this.pending(memberId);
    if (!pending?.installations.some((installation) => isOver(installation, removal))) return;
    await this.#changePending(memberId, now, (present) => ({
      ...present,
      installations: present.installations.filter((installation) => !isOver(installation, removal)),
    }));
  }

  /**
   * Erases all that is kept of a portal: tokens or webhook, app, and installations that wait. Only what an installation
   * has brought since `at` (ms since the epoch) stays.
   */
  async eraseAll(memberId: string, at: number, now: number): Promise<void> {
    for (let round = 0; round < 10; round += 1) {
      const row = await this.#table.get({ memberId });
      // A row that cannot be read is erased as well: it is what the portal was called with.
      const held = row && credentialsSchema.safeParse(row).data;
      if (!row || (held?.kind === 'oauth' && (held.installation?.receivedAt ?? 0) > at)) break;
      // The very row that was read: a rotation or a new installation may have come in between.
      const same =
        held?.kind === 'oauth'
          ? { if: '#accessToken = :seen', values: { seen: held.accessToken } }
          : held && { if: '#url = :seen', values: { seen: held.url } };
      if (await this.#table.delete({ memberId }, same)) break;
    }
    const pending = await this.pending(memberId);
    if (!pending) return;
    const newer = (present: Pending) => present.installations.filter(({ receivedAt }) => receivedAt > at);
    const { revision } = pending;
    if (
      newer(pending).length === 0 &&
      (await this.#table.delete(pendingKey(memberId), { if: '#revision = :revision', values: { revision } }))
    ) {
      return;
    }
    await this.#changePending(memberId, now, (present) => ({ ...present, installations: newer(present) }));
  }

  /**
   * Takes the right to refresh generation `generation` until `until`. False when it was rotated meanwhile or somebody
   * else has the right.
   */
  async lease(
    memberId: string,
    generation: number,
    lease: { by: string; until: number },
    now: number,
  ): Promise<boolean> {
    const row = await this.#table.update(
      { memberId },
      {
        set: 'SET #lease = :lease',
        if: '#generation = :generation AND (attribute_not_exists(#lease) OR #lease.#until <= :now)',
        values: { lease, generation, now },
      },
    );
    return row !== undefined;
  }

  /** Gives the right back early: nothing was rotated. */
  async release(memberId: string, by: string): Promise<void> {
    await this.#table.update(
      { memberId },
      {
        set: 'REMOVE #lease',
        if: '#lease.#by = :by',
        values: { by },
      },
    );
  }

  /** Notes that the authorization server refused the refresh token of this generation. The lease stays. */
  async noteRefusal(memberId: string, generation: number): Promise<void> {
    await this.#table.update(
      { memberId },
      { set: 'SET #refused = :generation', if: '#generation = :generation', values: { generation } },
    );
  }

  /** Notes that a refresh of this generation did not succeed. Gives since when that is so. */
  async noteFailure(memberId: string, generation: number, now: number): Promise<number> {
    const row = await this.#table.update(
      { memberId },
      {
        set: 'SET #failingSince = if_not_exists(#failingSince, :now)',
        if: '#generation = :generation',
        values: { generation, now },
      },
    );
    return Number(row?.['failingSince'] ?? now);
  }

  /**
   * Stores a new pair in place of generation `generation`, and the app that has brought it if it is another than before.
   * False when that generation is no longer the present one.
   */
  async rotate(
    memberId: string,
    generation: number,
    tokens: Pick<OAuthCredentials, 'accessToken' | 'refreshToken' | 'accessExpiresAt' | 'clientEndpoint' | 'app'> & {
      readonly refreshedAt: number;
    },
  ): Promise<boolean> {
    const row = await this.#table.update(
      { memberId },
      {
        set:
          'SET #generation = :next, #accessToken = :access, #refreshToken = :refresh, #accessExpiresAt = :expires, ' +
          `#clientEndpoint = :endpoint, #refreshedAt = :refreshedAt${tokens.app ? ', #app = :app' : ''} ` +
          'REMOVE #lease, #refused, #failingSince',
        if: '#generation = :generation',
        values: {
          generation,
          next: generation + 1,
          access: tokens.accessToken,
          refresh: tokens.refreshToken,
          expires: tokens.accessExpiresAt,
          endpoint: tokens.clientEndpoint,
          refreshedAt: tokens.refreshedAt,
          ...(tokens.app && { app: tokens.app }),
        },
      },
    );
    return row !== undefined;
  }

  /** The same webhook at another address. False when the stored one is not `from` (any more). */
  async moveWebhook(memberId: string, from: string, to: string): Promise<boolean> {
    const row = await this.#table.update(
      { memberId },
      { set: 'SET #url = :to', if: '#kind = :webhook AND #url = :from', values: { to, from, webhook: 'webhook' } },
    );
    return row !== undefined;
  }

  /** The installation of these tokens is finished. */
  async finishActivation(memberId: string): Promise<void> {
    await this.#table.update({ memberId }, { set: 'REMOVE #activation', if: 'attribute_exists(#memberId)' });
  }

  async pending(memberId: string): Promise<Pending | undefined> {
    const row = await this.#table.get(pendingKey(memberId));
    return row && { ...read(pendingSchema, row), memberId };
  }

  /** Takes the right to prove what is pending. False when somebody else has it or nothing is pending. */
  async leasePending(memberId: string, lease: { by: string; until: number }, now: number): Promise<boolean> {
    const row = await this.#table.update(pendingKey(memberId), {
      set: 'SET #lease = :lease, #revision = #revision + :one',
      if: 'attribute_exists(#memberId) AND (attribute_not_exists(#lease) OR #lease.#until <= :now)',
      values: { lease, now, one: 1 },
    });
    return row !== undefined;
  }

  /** Gives that right back early: the refresh token was surely not used. */
  async releasePending(memberId: string): Promise<void> {
    await this.#table.update(pendingKey(memberId), {
      set: 'SET #revision = #revision + :one REMOVE #lease',
      if: 'attribute_exists(#memberId)',
      values: { one: 1 },
    });
  }

  /** Keeps an installation until it is proved. The same one again changes nothing. */
  async addInstallation(memberId: string, installation: Installation): Promise<void> {
    await this.#changePending(memberId, installation.receivedAt, (pending) => ({
      ...pending,
      installations: withoutMiddle([...pending.installations.filter(({ id }) => id !== installation.id), installation]),
    }));
  }

  /** Keeps the app that installations are to be proved with. The one that tokens work with changes by `rotate` alone. */
  async setApp(memberId: string, app: App, now: number): Promise<void> {
    await this.#changePending(memberId, now, (pending) => ({ ...pending, app }));
  }

  async dropInstallation(memberId: string, id: string, now: number): Promise<void> {
    await this.#changePending(memberId, now, (pending) => ({
      ...pending,
      installations: pending.installations.filter((installation) => installation.id !== id),
    }));
  }

  /** An installation arrives once and never again, so a change that meets another one starts over with it in view. */
  async #changePending(memberId: string, now: number, change: (pending: Pending) => Pending): Promise<void> {
    for (let round = 0; round < 10; round += 1) {
      const found = await this.pending(memberId);
      const { installations, app } = change(found ?? { memberId, kind: 'pending', installations: [], revision: 0 });
      const revision = found?.revision ?? 0;
      const stored = await this.#table.put(
        {
          ...pendingKey(memberId),
          kind: 'pending',
          installations,
          app,
          lease: found?.lease,
          revision: revision + 1,
          expiresAt: Math.floor((now + installationLifetime) / 1000),
        },
        { if: 'attribute_not_exists(#memberId) OR #revision = :revision', values: { revision } },
      );
      if (stored) return;
    }
    throw new Error(`The pending installations of ${memberId} change too often to be stored`);
  }
}

/** Whoever floods a portal with false installations pushes out neither what was there before nor what comes last. */
function withoutMiddle(installations: Installation[]): Installation[] {
  if (installations.length <= maxInstallations) return installations;
  return [...installations.slice(0, maxInstallations / 2), ...installations.slice(-maxInstallations / 2)];
}
