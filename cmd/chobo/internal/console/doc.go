// Package console is the web console: a page that operators open in a browser.
//
// It is plain files, embedded, and knows nothing that its reader's key does not open: the page asks the same HTTP API
// that everybody asks.
//
//	browser ──GET /console/──▶ Handler: files, no data
//	   └─────Bearer KEY──────▶ /v1/…: data, and what may be done
package console
