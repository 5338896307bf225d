package engine

import "errors"

// Why an operation was not decided. What a command refuses is no error: it is the operation's answer.
var (
	// ErrKeyReused is a key that was used for another request already.
	ErrKeyReused = errors.New("the key was used for another request")
	// ErrUnknownProgram is a program that the installation does not have.
	ErrUnknownProgram = errors.New("no program of that code")
	// ErrBusy is more waiting than the engine takes; nothing was posted. Ask again later.
	ErrBusy = errors.New("too many operations are waiting")
	// ErrClosing is an engine that takes nothing more; nothing was posted.
	ErrClosing = errors.New("the engine is closing")
	// ErrUnavailable is a database that does not answer, or did not in time. What was asked may have been posted:
	// ask again with the same key.
	ErrUnavailable = errors.New("the database does not answer")
	// ErrFailed is a fault of ours: a bug in a command, or a posting that the database refused. Nothing was posted.
	ErrFailed = errors.New("the operation failed")
)
