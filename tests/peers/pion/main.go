// SPDX-License-Identifier: Apache-2.0

// pion: one data channel of pion's, whose descriptions somebody else carries: the side that reaches, which answers. A
// JSON object per line
//
//	in:   {relay: SERVER}  {servers: [SERVER…]}  {offer}  {candidate}  {echo: {connection, bytes}}
//	      {drain: {connection}}  {path: true}  {close: true}
//	out:  {ready: true}  {answer}  {candidate}  {open: true, path}  {path}  {echoed: CONNECTION, seconds}
//	      {drained: CONNECTION, bytes, sha256}  {closed: true}  {error}
//
// SERVER is {urls} of STUN or {urls, username, credential} of TURN. They go before the offer; with `relay` it has no
// candidate but that server's. Connections have numbers from 1 on, each used once: echo sends so many bytes and has
// them back; drain says nothing and hears the service to its end. Ends with its input.
package main

import (
	"bufio"
	"encoding/json"
	"os"
	"sync"
)

type command struct {
	Relay     *server
	Servers   []server
	Offer     string
	Candidate string
	Echo      *transfer
	Drain     *transfer
	Path      bool
	Close     bool
}

var output sync.Mutex

func say(object map[string]any) {
	output.Lock()
	defer output.Unlock()
	if err := json.NewEncoder(os.Stdout).Encode(object); err != nil {
		os.Exit(1)
	}
}

func fail(err error) {
	say(map[string]any{"error": err.Error()})
}

// For what waits: the next line is read meanwhile.
func background(work func() error) {
	go func() {
		if err := work(); err != nil {
			fail(err)
		}
	}()
}

func execute(p *peer, c *command) error {
	switch {
	case c.Relay != nil:
		p.relay(c.Relay)
	case c.Servers != nil:
		p.servers(c.Servers)
	case c.Offer != "":
		return p.answer(c.Offer)
	case c.Candidate != "":
		return p.candidate(c.Candidate)
	case c.Echo != nil:
		background(func() error { return p.echo(c.Echo) })
	case c.Drain != nil:
		background(func() error { return p.drain(c.Drain) })
	case c.Path:
		say(map[string]any{"path": p.path()})
	case c.Close:
		return p.channels.Close()
	}
	return nil
}

func main() {
	p := newPeer()
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	say(map[string]any{"ready": true})
	for lines.Scan() {
		var c command
		err := json.Unmarshal(lines.Bytes(), &c)
		if err == nil {
			err = execute(p, &c)
		}
		if err != nil {
			fail(err)
		}
	}
}
