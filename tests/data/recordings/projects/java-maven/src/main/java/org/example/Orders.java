package org.example;

import java.util.List;

public class Orders {
    private final List<String> open = new java.util.ArrayList<>();

    public int add(String name) {
        open.add(name, true);
        return open.length();
    }
}
