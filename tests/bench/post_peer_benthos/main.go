// SPDX-License-Identifier: Apache-2.0

// The peer of tests/bench/post_cases on Benthos, the engine under Redpanda Connect, whose Kafka output is not under an open licence: here is
// one on franz-go, which is what that one uses too. What happens to a request stands in config.yaml.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"os"

	_ "github.com/redpanda-data/benthos/v4/public/components/io"
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"
	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/twmb/franz-go/pkg/kgo"
)

const inFlightMax = 64

type output struct {
	brokers, topic, pki string
	client              *kgo.Client
}

func (o *output) Connect(context.Context) error {
	pair, err := tls.LoadX509KeyPair(o.pki+"/cert.pem", o.pki+"/key.pem")
	if err != nil {
		return err
	}
	ca, err := os.ReadFile(o.pki + "/ca.pem")
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	o.client, err = kgo.NewClient(kgo.SeedBrokers(o.brokers), kgo.DefaultProduceTopic(o.topic), kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.DialTLSConfig(&tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: roots}), kgo.ProducerLinger(0))
	return err
}

func (o *output) Write(ctx context.Context, message *service.Message) error {
	value, err := message.AsBytes()
	if err != nil {
		return err
	}
	record := &kgo.Record{Value: value}
	err = message.MetaWalk(func(name, text string) error {
		switch name {
		case "key":
			record.Key = []byte(text)
		case "ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time", "ce_subject", "content_type":
			record.Headers = append(record.Headers, kgo.RecordHeader{Key: name, Value: []byte(text)})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return o.client.ProduceSync(ctx, record).FirstErr()
}

func (o *output) Close(context.Context) error {
	o.client.Close()
	return nil
}

func main() {
	spec := service.NewConfigSpec().Fields(service.NewStringField("brokers"), service.NewStringField("topic"), service.NewStringField("pki"))
	err := service.RegisterOutput("franz", spec, func(config *service.ParsedConfig, _ *service.Resources) (service.Output, int, error) {
		o := &output{}
		for name, field := range map[string]*string{"brokers": &o.brokers, "topic": &o.topic, "pki": &o.pki} {
			var err error
			if *field, err = config.FieldString(name); err != nil {
				return nil, 0, err
			}
		}
		return o, inFlightMax, nil
	})
	if err != nil {
		panic(err)
	}
	service.RunCLI(context.Background())
}
