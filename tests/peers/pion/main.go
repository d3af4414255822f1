// SPDX-License-Identifier: Apache-2.0

// pion [serve ADDRESS:PORT]: one data channel of pion's, whose descriptions somebody else carries: the side that
// reaches, which answers; with serve the other one, which offers and leads connections to that TCP service as a node
// does. A JSON object per line
//
//	in:   {relay: SERVER}  {servers: [SERVER…]}  {offer}  {answer}  {candidate}
//	      {echo: {connection, bytes, piece}}  {ping: {connection, bytes, count}}  {idle: {connection, count}}
//	      {drain: {connection}}  {path: true}  {close: true}
//	out:  {ready: true}  {offer}  {answer}  {candidate}  {open: true, path}  {path}  {closed: true}  {error}
//	      {echoed: CONNECTION, seconds}  {pinged: CONNECTION, microseconds: [N…]}  {idle: CONNECTION}
//	      {drained: CONNECTION, bytes, sha256}
//
// SERVER is {urls} of STUN or {urls, username, credential} of TURN. They go before the offer; with `relay` it has no
// candidate but that server's. Connections have numbers from 1 on, each used once: echo sends so many bytes in pieces and has them back; ping sends one piece
// after the other, each when the last is back; idle opens so many connections, that one and those that follow it; drain
// says nothing and hears the service to its end.
// Ends with its input.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sync"
)

type command struct {
	Relay     *server
	Servers   []server
	Offer     string
	Answer    string
	Candidate string
	Echo      *transfer
	Ping      *transfer
	Idle      *transfer
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
	case c.Answer != "":
		return p.take(c.Answer)
	case c.Candidate != "":
		return p.candidate(c.Candidate)
	case c.Echo != nil:
		background(func() error { return p.echo(c.Echo) })
	case c.Ping != nil:
		background(func() error { return p.ping(c.Ping) })
	case c.Idle != nil:
		background(func() error { return p.idle(c.Idle) })
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
	if len(os.Args) == 3 && os.Args[1] == "serve" {
		if err := p.serve(os.Args[2]); err != nil {
			fail(err)
		}
	} else if len(os.Args) > 1 {
		fmt.Fprintln(os.Stderr, "usage: pion [serve ADDRESS:PORT]")
		os.Exit(2)
	}
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
