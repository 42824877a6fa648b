// SPDX-License-Identifier: Apache-2.0

// The peer of tests/bench/post_cases in Go: net/http and franz-go, as somebody who knows both writes it in an afternoon. Token, limit,
// fields, one keyed record with the headers of an event, 201 after the acknowledgement of all in-sync replicas.
package main

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const bodyBytesMax = 1 << 20

type hearing struct {
	CustomerID string `json:"customer_id"`
	Contact    struct {
		Company string `json:"company"`
		Phone   string `json:"phone"`
	} `json:"contact"`
	Incident struct {
		Summary string `json:"summary"`
	} `json:"incident"`
}

type server struct {
	client    *kgo.Client
	token     [sha256.Size]byte
	validOnly bool
}

// The fields that a case needs; of everything else only that it is JSON.
func (s *server) accepts(body []byte) bool {
	if s.validOnly {
		return json.Valid(body)
	}
	var h hearing
	return json.Unmarshal(body, &h) == nil && h.Contact.Company != "" && h.Contact.Phone != "" && h.Incident.Summary != ""
}

func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func record(id string, body []byte) *kgo.Record {
	value := make([]byte, 0, len(body)+200)
	value = append(value, `{"extends":null,"actor":{"id":"operator-1","role":"operator"},"hearing":`...)
	value = append(append(value, body...), '}')
	header := func(name, value string) kgo.RecordHeader { return kgo.RecordHeader{Key: name, Value: []byte(value)} }
	return &kgo.Record{Key: []byte(id), Value: value, Headers: []kgo.RecordHeader{
		header("ce_specversion", "1.0"), header("ce_id", newID()), header("ce_type", "kakekomi.case.opened"),
		header("ce_source", "/peer"), header("ce_time", time.Now().UTC().Format(time.RFC3339Nano)), header("ce_subject", id),
		header("content-type", "application/json")}}
}

func (s *server) openCase(w http.ResponseWriter, r *http.Request) {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if sha256.Sum256([]byte(token)) != s.token {
		http.Error(w, "unauthenticated", http.StatusUnauthorized)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyBytesMax))
	if err != nil || !s.accepts(body) {
		http.Error(w, "unreadable", http.StatusBadRequest)
		return
	}
	id := newID()
	if err := s.client.ProduceSync(r.Context(), record(id, body)).FirstErr(); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Location", "/v1/cases/"+id)
	w.WriteHeader(http.StatusCreated)
	_, _ = fmt.Fprintf(w, `{"id":%q,"revision":1,"status":"consultation"}`, id)
}

func tlsConfig(folder string) *tls.Config {
	pair, err := tls.LoadX509KeyPair(folder+"/cert.pem", folder+"/key.pem")
	if err != nil {
		log.Fatal(err)
	}
	ca, err := os.ReadFile(folder + "/ca.pem")
	if err != nil {
		log.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	return &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: roots}
}

func main() {
	address := flag.String("address", "127.0.0.1:0", "where to listen")
	brokers := flag.String("brokers", "", "where Kafka is")
	topic := flag.String("topic", "", "what to write to")
	pki := flag.String("pki", "", "folder with cert.pem, key.pem, ca.pem")
	linger := flag.Duration("linger", 0, "how long a batch waits for more")
	token := flag.String("token-sha256", "", "of the one API token")
	validOnly := flag.Bool("valid-only", false, "look at no field, only whether it is JSON")
	flag.Parse()
	client, err := kgo.NewClient(kgo.SeedBrokers(*brokers), kgo.DefaultProduceTopic(*topic), kgo.DialTLSConfig(tlsConfig(*pki)),
		kgo.RequiredAcks(kgo.AllISRAcks()), kgo.ProducerLinger(*linger))
	if err != nil {
		log.Fatal(err)
	}
	s := &server{client: client, validOnly: *validOnly}
	if _, err := hex.Decode(s.token[:], []byte(*token)); err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("POST /v1/cases", s.openCase)
	log.Fatal(http.ListenAndServe(*address, nil))
}
