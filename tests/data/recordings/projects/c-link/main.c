int checksum(const char *data);
int render_page(int n);

int main(int argc, char **argv) {
	return checksum(argv[0]) + render_page(argc);
}
