import { createServer } from 'node:http';
import { loopback, portOf } from '../../local/servers/listening.ts';

/** Listens on 127.0.0.1 and tells the parent process where; answers each POST with the status that `work` gives. */
export async function listenForForms(work: (path: string, body: Buffer) => Promise<number>): Promise<void> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      work(request.url ?? '/', Buffer.concat(chunks)).then(
        (status) => response.writeHead(status).end(),
        () => response.writeHead(500).end(),
      );
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, loopback, resolve);
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.({ url: `http://${loopback}:${portOf(server)}` });
}
