// A micro batcher in Go, as yardstick: a goroutine collects, another runs each batch, and a map finds each
// job's result. Prints jobs per second, and the median and 99th percentile of the latency in microseconds.
//
// usage: batcher saturate|low CALLERS SIZE TIMEOUT-MILLISECONDS SECONDS
package main

import (
	"context"
	"fmt"
	"os"
	"sort"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

type job struct{ id uint64 }

type result struct{ id uint64 }

type waiting struct {
	job    *job
	answer chan *result
}

type batcher struct {
	in      chan waiting
	size    int
	timeout time.Duration
}

func newBatcher(size int, timeout time.Duration) *batcher {
	b := &batcher{in: make(chan waiting, size), size: size, timeout: timeout}
	go b.collect()
	return b
}

func (b *batcher) collect() {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	var batch []waiting
	send := func() {
		go process(batch)
		batch = make([]waiting, 0, b.size)
	}
	for {
		select {
		case w := <-b.in:
			batch = append(batch, w)
			if len(batch) == b.size {
				timer.Stop()
				send()
			} else if len(batch) == 1 {
				timer.Reset(b.timeout)
			}
		case <-timer.C:
			if len(batch) > 0 {
				send()
			}
		}
	}
}

func process(batch []waiting) {
	jobs := make([]*job, len(batch))
	waiters := make(map[uint64]chan *result, len(batch))
	for i, w := range batch {
		jobs[i] = w.job
		waiters[w.job.id] = w.answer
	}
	for _, r := range run(jobs) {
		if answer, ok := waiters[r.id]; ok {
			delete(waiters, r.id)
			answer <- r
		}
	}
}

func run(jobs []*job) []*result {
	results := make([]*result, len(jobs))
	for i, j := range jobs {
		results[i] = &result{j.id}
	}
	return results
}

func (b *batcher) execute(ctx context.Context, j *job) (*result, error) {
	answer := make(chan *result, 1)
	b.in <- waiting{j, answer}
	select {
	case r := <-answer:
		return r, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func number(place int) int {
	n, err := strconv.Atoi(os.Args[place])
	if err != nil {
		panic(err)
	}
	return n
}

func main() {
	callers, timeout := number(2), time.Duration(number(4))*time.Millisecond
	length := time.Duration(number(5)) * time.Second
	b := newBatcher(number(3), timeout)
	var ids, done atomic.Uint64
	one := func() float64 {
		j := &job{ids.Add(1)}
		start := time.Now()
		r, err := b.execute(context.Background(), j)
		if err != nil || r.id != j.id {
			panic("another's result")
		}
		done.Add(1)
		return float64(time.Since(start).Nanoseconds()) / 1000
	}
	start := time.Now()
	var latencies []float64
	if os.Args[1] == "low" {
		for time.Since(start) < length {
			latencies = append(latencies, one())
			time.Sleep(10 * time.Millisecond)
		}
	} else {
		var stop atomic.Bool
		time.AfterFunc(length, func() { stop.Store(true) })
		var group sync.WaitGroup
		var lock sync.Mutex
		for i := 0; i < callers; i++ {
			group.Add(1)
			go func() {
				defer group.Done()
				var own []float64
				for n := 0; !stop.Load(); n++ {
					latency := one()
					if n%16 == 0 {
						own = append(own, latency)
					}
				}
				lock.Lock()
				latencies = append(latencies, own...)
				lock.Unlock()
			}()
		}
		group.Wait()
	}
	seconds := time.Since(start).Seconds()
	sort.Float64s(latencies)
	at := func(share float64) float64 { return latencies[int(share*float64(len(latencies)-1))] }
	fmt.Println(float64(done.Load())/seconds, at(0.5), at(0.99))
}
