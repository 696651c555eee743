package queue

type Queue struct {
	items []string
	limit int
}

func New(limit int) *Queue { return &Queue{limit: limit} }

func (q *Queue) Push(item string) bool {
	q.items = append(q.items, item)
	return true
}

func (q *Queue) Pop() string {
	item := q.items[0]
	q.items = q.items[1:]
	return item
}

func (q *Queue) Len() int { return len(q.items) }
