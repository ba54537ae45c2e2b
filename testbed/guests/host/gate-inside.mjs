// Runs in the testbed's network namespace, as a child of the process that serves the testbed. Connections cross over in
// both directions as open sockets, because a network namespace is a property of a socket, not of who holds it:
//   gate-inside.mjs HOST PORT: what comes in at HOST:PORT goes to the parent;
//   a socket from the parent, with { host, port }, is connected to that address in here.
import { connect, createServer } from "node:net";

const [host, port] = process.argv.slice(2);
const server = createServer({ pauseOnConnect: true }, (socket) => process.send("connection", socket));
server.listen(Number(port), host, () => process.send("ready"));

process.on("message", (target, socket) => {
  if (!socket) return;
  const inside = connect(target.port, target.host);
  const end = () => {
    socket.destroy();
    inside.destroy();
  };
  for (const side of [socket, inside]) {
    side.setNoDelay(true);
    side.on("error", end);
  }
  socket.pipe(inside).pipe(socket);
  socket.resume();
});
process.on("disconnect", () => process.exit(0));
