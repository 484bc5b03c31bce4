import { buildApp, type BuildAppOptions } from 'fauxqs';
import { callsOf, type Call } from '../permissions/call.ts';
import { loopback, portOf, type RunningServer } from './listening.ts';

type Stores = NonNullable<BuildAppOptions['stores']>;
type Persistence = NonNullable<Stores['sqsStore']['persistence']>;

/** The classes that an SQLite-backed server is made of. fauxqs does not export them. */
interface Classes {
  readonly PersistenceManager: new (dataDir: string) => Persistence;
  readonly SqsStore: new () => Stores['sqsStore'];
  readonly SnsStore: new () => Stores['snsStore'];
  readonly S3Store: new () => Stores['s3Store'];
}

async function loadClasses(): Promise<Classes> {
  const files = ['persistence.js', 'sqs/sqsStore.js', 'sns/snsStore.js', 's3/s3Store.js'];
  const modules: object[] = await Promise.all(
    files.map((file) => import(new URL(`../../node_modules/fauxqs/dist/${file}`, import.meta.url).href)),
  );
  const classes: Classes = Object.assign({}, ...modules);
  return classes;
}

/**
 * Stores that live in an SQLite file. The package's own `startFauxqs` makes them too, but it listens on every address
 * of the machine, and `buildApp`, which does not, takes only finished ones.
 */
async function persistentStores(dataDir: string): Promise<{ stores: Stores; persistence: Persistence }> {
  const { PersistenceManager, SqsStore, SnsStore, S3Store } = await loadClasses();
  const persistence = new PersistenceManager(dataDir);
  const stores = { sqsStore: new SqsStore(), snsStore: new SnsStore(), s3Store: new S3Store() };
  // Load first, attach then: an attached store would write back what it loads, and its cascade would drop messages.
  persistence.load(stores.sqsStore, stores.snsStore, stores.s3Store);
  giveBackKept(persistence);
  stores.sqsStore.persistence = persistence;
  for (const queue of stores.sqsStore.allQueues()) queue.persistence = persistence;
  return { stores, persistence };
}

/**
 * fauxqs 2.4.1 writes a message that is given back without its count of receives, which its own table refuses: the call
 * fails and the message is gone until a restart. Written as one whose visibility is over, it stays. The count begins
 * anew with the next restart.
 */
function giveBackKept(persistence: Persistence): void {
  persistence.updateMessageReady = (messageId) => {
    persistence.updateMessageInflight(messageId, '', 0, 1, undefined);
  };
}

/**
 * An SQS server in this process, on 127.0.0.1. With `dataDir` its messages survive a restart, even a kill.
 *
 * @param options.port 0 takes a free one
 * @param options.onCall is told of each call that a function makes
 * @throws NodeJS.ErrnoException EADDRINUSE when the port is taken
 */
export async function startSqs(options: {
  port: number;
  dataDir?: string;
  onCall?: (call: Call) => void;
}): Promise<RunningServer> {
  const persistent = options.dataDir === undefined ? undefined : await persistentStores(options.dataDir);
  const app = buildApp({ logger: false, ...(persistent === undefined ? {} : { stores: persistent.stores }) });
  const { onCall } = options;
  if (onCall !== undefined) {
    app.addHook('preHandler', ({ headers, body }, _reply, done) => {
      const named = { target: String(headers['x-amz-target']), userAgent: headers['user-agent'] ?? '' };
      callsOf(named, body).forEach(onCall);
      done();
    });
  }
  try {
    await app.listen({ port: options.port, host: loopback });
  } catch (error) {
    persistent?.persistence.close();
    throw error;
  }
  return {
    url: `http://${loopback}:${portOf(app.server)}`,
    close: async () => {
      await app.close();
      persistent?.persistence.close();
    },
  };
}
