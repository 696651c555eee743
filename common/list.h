/*
 * list - an intrusive doubly linked list. The head is a `struct list` as well; an element embeds one.
 *
 * Nothing is allocated and nothing is owned. An element is on one list at a time; list_remove() leaves it
 * pointing at itself, so removing twice is harmless. One thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *prev;
	struct list *next;
};

static inline void list_init(struct list *list) {
	list->prev = list;
	list->next = list;
}

static inline bool list_is_empty(const struct list *list) {
	return list->next == list;
}

/* Appends `elem` at the tail of `head`. */
static inline void list_append(struct list *head, struct list *elem) {
	elem->prev = head->prev;
	elem->next = head;
	head->prev->next = elem;
	head->prev = elem;
}

static inline void list_remove(struct list *elem) {
	elem->prev->next = elem->next;
	elem->next->prev = elem->prev;
	list_init(elem);
}

/* The first element, taken off the list; NULL when empty. */
static inline struct list *list_take_first(struct list *head) {
	struct list *elem = head->next;

	if (elem == head) {
		return NULL;
	}
	list_remove(elem);
	return elem;
}

/* Moves everything on `from` to the tail of `to`; `from` is empty afterwards. */
static inline void list_splice(struct list *to, struct list *from) {
	if (list_is_empty(from)) {
		return;
	}
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#define list_for_each(pos, head)                                                                   \
	for (struct list *pos = (head)->next; pos != (head); pos = pos->next)

/* As list_for_each, and `pos` may be removed (not its successor). */
#define list_for_each_safe(pos, head)                                                              \
	for (struct list *pos = (head)->next, *pos##_next = pos->next; pos != (head);              \
		pos = pos##_next, pos##_next = pos->next)
