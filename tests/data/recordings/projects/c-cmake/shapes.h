#pragma once
double area(double width, double height);
