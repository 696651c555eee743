package queue

import "testing"

func TestPush(t *testing.T) {
	q := New(1)
	if !q.Push("a") {
		t.Fatal("an empty queue refused an item")
	}
}

func TestLimit(t *testing.T) {
	q := New(1)
	q.Push("a")
	for _, name := range []string{"b", "c"} {
		t.Run(name, func(t *testing.T) {
			if q.Push(name) {
				t.Errorf("Push(%q) = true, want false: the limit is %d", name, q.limit)
			}
		})
	}
}

func TestPopEmpty(t *testing.T) {
	New(1).Pop()
}
