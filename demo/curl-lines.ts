/** Something to try: what it shows, and the line to paste into a shell. */
interface CurlLine {
  readonly shows: string;
  readonly line: string;
}

/** The lines to try, in this order: a later one uses the TOKEN of an earlier one. They need a POSIX shell and curl. */
function curlLines(url: string): readonly CurlLine[] {
  const credentials = '{"username":"alice","password":"correct horse"}';
  const login = `curl -s ${url}/auth -H 'Content-Type: application/json' -d '${credentials}'`;
  const withToken = '-H "Authorization: Bearer $TOKEN"';
  const withRefreshToken = `-H 'Content-Type: application/json' -d '{"refresh_token":"'$REFRESH'"}'`;
  const member = (name: string): string => `sed 's/.*"${name}":"\\([^"]*\\)".*/\\1/'`;
  return [
    { shows: 'A public route', line: `curl ${url}/orders/prices` },
    { shows: 'No token: 401, and the challenge says what to send', line: `curl -i ${url}/orders` },
    { shows: 'A token for a password', line: login },
    {
      shows: 'The same, kept in a variable',
      line: `TOKEN=$(${login} | ${member('access_token')})`,
    },
    { shows: 'The orders of alice', line: `curl ${url}/orders ${withToken}` },
    { shows: 'An optional route, without a token', line: `curl ${url}/orders/hello` },
    { shows: 'The same with one', line: `curl ${url}/orders/hello ${withToken}` },
    {
      shows: 'A token that somebody changed: 401, and why',
      line: `curl -i ${url}/orders -H "Authorization: Bearer \${TOKEN%????}AAAA"`,
    },
    {
      shows: 'Another session of alice, for its refresh token',
      line: `REFRESH=$(${login} | ${member('refresh_token')})`,
    },
    { shows: 'The next tokens for it', line: `curl -s ${url}/auth/refresh ${withRefreshToken}` },
    { shows: 'Log out of that session', line: `curl -i ${url}/auth/logout ${withRefreshToken}` },
    {
      shows: 'It cannot be refreshed any more: 400',
      line: `curl -i ${url}/auth/refresh ${withRefreshToken}`,
    },
    { shows: 'Log out everywhere', line: `curl -X POST ${url}/auth/logout-all ${withToken}` },
    {
      shows: 'The access token went with its session: 401',
      line: `curl -i ${url}/orders ${withToken}`,
    },
  ];
}

/** What the demo prints when it listens. The lines to paste are the indented ones. */
export function howToTry(url: string): string {
  const steps = curlLines(url).map(({ shows, line }, index) => `${index + 1}. ${shows}\n\n    ${line}\n`);
  return ['', 'Try it in another terminal, in this order:', '', ...steps, 'Ctrl+C stops it.'].join('\n');
}
