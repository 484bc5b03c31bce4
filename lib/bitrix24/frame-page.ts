import { createHash } from 'node:crypto';

/** A page for a frame in the portal: what to answer an HTTP request with. */
export interface FramePage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Bitrix24's own script, through which a page talks to the portal around it. */
const portalScript = 'https://api.bitrix24.com/api/v1/';

/**
 * Tells the portal that the installation is over: before that it sends the app no event. Once it is over, the call has
 * no effect, so a later opening may repeat it. The page is as good without the script, only nothing is finished then.
 */
const script = `if(window.BX24)BX24.init(function(){BX24.installFinish();BX24.fitWindow();});`;

const style = `body{margin:2rem;max-width:38rem;font:16px/1.5 system-ui,sans-serif;color:#222}
h1{font-size:1.3rem}code{background:#eee;padding:.1em .3em;border-radius:.2em}`;

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Nothing but what stands in the page, and Bitrix24's script; framed by the portal only. */
const contentSecurityPolicy = (portal: string): string =>
  [
    `default-src 'none'`,
    `script-src ${portalScript} ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    `base-uri 'none'`,
    `form-action 'none'`,
    `frame-ancestors ${portal}`,
  ].join('; ');

/**
 * What a person sees who opens the app in the portal. The same for every portal, known or not, and for every user: who
 * can post a form could otherwise learn which portals are connected.
 *
 * @param domain host of the portal, with a port if it has one, as the request says
 * @param portalUrl any address of the portal: its origin may frame the page
 */
export function framePage(domain: string, portalUrl: string): FramePage {
  const shown = escape(domain);
  return {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': contentSecurityPolicy(new URL(portalUrl).origin),
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
    body: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>tidy24</title>
<style>${style}</style>
<script src="${portalScript}"></script>
</head>
<body>
<h1>tidy24 and ${shown}</h1>
<p>The app is connected to the portal <strong>${shown}</strong>. It looks after lost deals by the rules that its operator
has given it, and has nothing to set up on this page.</p>
<p>A new connection is checked first and then observes: tidy24 notes what it would remove and removes nothing until its
operator switches the portal to <code>enforce</code>. The operator sees how it stands with
<code>npx tidy24 portals list</code>; a local app’s id and secret are given with <code>npx tidy24 portals
credentials</code>.</p>
<p>To take tidy24 away, delete the app from the portal.</p>
<script>${script}</script>
</body>
</html>
`,
  };
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (char) => entities[char] ?? '');
}
