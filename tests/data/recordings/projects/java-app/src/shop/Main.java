package shop;

import java.util.List;
import com.google.gson.Gson;

public class Main {
    private final List<String> names = List.of("apple", 1);

    public static void main(String[] arguments) {
        int count = "three";
        System.out.println(total(count)
    }
}
