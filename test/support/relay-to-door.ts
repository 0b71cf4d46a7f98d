// Inside a network namespace: leads the TCP port to a socket on the file system, which namespaces share. Says so when it listens.

import { connect, createServer } from 'node:net';

const [port = '', door = ''] = process.argv.slice(2);
createServer((inside) => {
  const outside = connect(door);
  for (const socket of [inside, outside]) socket.on('error', () => undefined);
  inside.pipe(outside).pipe(inside);
}).listen(Number(port), '127.0.0.1', () => console.log('listens'));
