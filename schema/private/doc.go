// Package private runs a PostgreSQL server of our own, for those who have none: a folder, a socket, a child process.
//
//	Config.Dir/
//	  chobo-postgres.lock   marks the folder as ours and is locked while it is served
//	  password              of the superuser chobo, mode 0600
//	  data/                 what initdb made; data.init-*/ until it was complete
//	  server.log            what the server wrote; server.log.1 from before
//	  s/                    the socket; elsewhere if its path would be too long
//
// The server listens on its socket only. As root it runs as the user postgres, or nobody, because PostgreSQL refuses
// to be root. It outlives nobody: on Linux it shuts down when its service is killed; elsewhere the next Start takes the
// orphan over. Durability settings are PostgreSQL's own (fsync on), so a committed posting survives a power cut.
package private
