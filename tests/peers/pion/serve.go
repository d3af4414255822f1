// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strconv"

	"github.com/pion/datachannel"
	"github.com/pion/webrtc/v4"
)

func endpoint(address string, port uint16) string {
	return net.JoinHostPort(address, strconv.Itoa(int(port)))
}

// serve offers, and leads each connection that the other side opens to that service.
func (p *peer) serve(service string) error {
	if err := p.connection(); err != nil {
		return err
	}
	background(func() error { return p.accept(service) })
	offer, err := p.pc.CreateOffer(nil)
	if err != nil {
		return err
	}
	return p.describe("offer", offer)
}

func (p *peer) take(text string) error {
	var answer webrtc.SessionDescription

	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		return err
	}
	return p.described(answer)
}

func (p *peer) accept(service string) error {
	raw := <-p.opened
	say(map[string]any{"open": true, "path": p.path()})
	err := readAll(raw, func(number []byte) error {
		if len(number) != 4 {
			return fmt.Errorf("%d bytes on channel 0", len(number))
		}
		background(func() error { return p.lead(binary.BigEndian.Uint32(number), service) })
		return nil
	})
	say(map[string]any{"closed": true})
	return err
}

// lead carries one connection until either side ends.
func (p *peer) lead(number uint32, service string) error {
	opened := make(chan datachannel.ReadWriteCloser, 1)
	dc, err := p.channel("CONNECTIONS", uint16(number), opened)
	if err != nil {
		return err
	}
	raw := <-opened
	defer raw.Close()
	connection, err := net.Dial("tcp", service)
	if err != nil {
		return err
	}
	defer connection.Close()
	ended := make(chan error, 2)
	go func() {
		_, err := io.CopyBuffer(newFlow(dc, raw), struct{ io.Reader }{connection}, make([]byte, piece))
		ended <- err
	}()
	go func() {
		ended <- readAll(raw, func(data []byte) error {
			_, err := connection.Write(data)
			return err
		})
	}()
	return <-ended
}
